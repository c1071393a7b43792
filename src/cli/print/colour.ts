/** The few colours of describe: bold names, green and red phases (fatih/color in the original). */

export interface Colours {
  bold(text: string): string;
  green(text: string): string;
  red(text: string): string;
}

const plain = (text: string) => text;

export const noColours: Colours = { bold: plain, green: plain, red: plain };

export const ansiColours: Colours = {
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
  green: (text) => `\u001b[32m${text}\u001b[0m`,
  red: (text) => `\u001b[31m${text}\u001b[0m`,
};
