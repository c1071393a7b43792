import { describe, expect, it } from 'vitest';
import { onAbort } from './abort.ts';

describe('onAbort', () => {
  it('calls everybody once who has not left', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const note = (name: string) => () => {
      called.push(name);
    };
    onAbort(controller.signal, note('a'));
    const leave = onAbort(controller.signal, note('b'));
    onAbort(controller.signal, note('c'));
    leave();
    controller.abort();
    controller.abort();
    expect(called).toEqual(['a', 'c']);
  });

  it('takes the same callback twice, and lets each leave alone', () => {
    const controller = new AbortController();
    let calls = 0;
    const count = () => {
      calls++;
    };
    const leave = onAbort(controller.signal, count);
    onAbort(controller.signal, count);
    leave();
    leave();
    controller.abort();
    expect(calls).toBe(1);
  });
});
