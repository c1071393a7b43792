/** Lines for standard output and for job logs: formatted once, written many at a time. */

import { formatEntry, type LogEntry, type LogSink } from '../lib/log.ts';

export type LogFormat = 'text' | 'json';

let lastEntry: LogEntry | undefined;
let lastFormat: LogFormat | undefined;
let lastLine = '';

/** The entry as a line. Sinks of a logger get the same entry one after the other, so the last line is remembered. */
export function formatLine(entry: LogEntry, format: LogFormat): string {
  if (entry !== lastEntry || format !== lastFormat) {
    lastLine = formatEntry(entry, format);
    lastEntry = entry;
    lastFormat = format;
  }
  return lastLine;
}

/** Characters that are gathered before they are written in the middle of a turn. */
const BATCH_LENGTH = 64 * 1024;

export interface OutputSink extends LogSink {
  /** Writes what is gathered. */
  flush(): void;
}

/** Gathers the lines of one turn of the event loop: one write a line is most of what logging costs. */
export function createOutputSink(write: (text: string) => void, format: LogFormat): OutputSink {
  let gathered = '';
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    if (gathered === '') return;
    const text = gathered;
    gathered = '';
    write(text);
  };
  return {
    write(entry) {
      gathered += formatLine(entry, format);
      if (gathered.length >= BATCH_LENGTH) flush();
      else if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
    flush,
  };
}
