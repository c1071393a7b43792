import { expect, it } from 'vitest';
import { createLogger, formatEntry, lineSink } from './log.ts';

const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

it('writes lines as logrus does: bare words bare, all else quoted, fields sorted', () => {
  const line = formatEntry({
    time,
    level: 'info',
    message: 'Backing up item',
    fields: {
      resource: 'pods',
      namespace: '',
      name: 'a b',
      backup: 'velero/b1',
      error: new Error('no "x"\n'),
    },
  });
  expect(line).toBe(
    'time="2026-01-02T03:04:05Z" level=info msg="Backing up item" backup=velero/b1 error="no \\"x\\"\\n" name="a b" namespace= resource=pods\n',
  );
});

it('writes JSON entries with sorted keys and renames fields that would clash', () => {
  const line = formatEntry(
    { time, level: 'warning', message: 'm', fields: { msg: 'x', b: 1, a: true } },
    'json',
  );
  expect(line).toBe(
    '{"a":true,"b":1,"fields.msg":"x","level":"warning","msg":"m","time":"2026-01-02T03:04:05Z"}\n',
  );
});

it('drops entries below its level, adds fields and writes to every sink', () => {
  const first: string[] = [];
  const second: string[] = [];
  const log = createLogger({
    level: 'warning',
    sinks: [lineSink((line) => first.push(line))],
    now: () => time,
  });
  const child = log.with({ a: 1 }).tee(lineSink((line) => second.push(line)));
  log.info('not seen');
  child.warn('seen', { a: 2 });
  expect(first).toEqual(second);
  expect(first).toEqual(['time="2026-01-02T03:04:05Z" level=warning msg=seen a=2\n']);
  expect(log.enabled('info')).toBe(false);
});
