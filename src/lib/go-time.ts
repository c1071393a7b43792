/** Times as Go prints them. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * `2006-01-02 15:04:05 -0700 MST` in the local zone, as time.Time's String does for whole seconds.
 * @param timestamp RFC 3339, as in a resource's status
 */
export function goTime(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return timestamp;
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  const zone = `${sign}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
  return `${stamp(date, offset, '-', ':', ' ')} ${zone} ${zoneName(offset)}`;
}

/** `20060102150405`, the suffix of names made from the time; local time, or UTC. */
export function compactTime(ms: number, zone: 'local' | 'utc'): string {
  const date = new Date(ms);
  return stamp(date, zone === 'utc' ? 0 : -date.getTimezoneOffset(), '', '', '');
}

/** `2006-01-02-15-04-05` in local time, for names of files. */
export function fileTime(ms: number): string {
  const date = new Date(ms);
  return stamp(date, -date.getTimezoneOffset(), '-', '-', '-');
}

function stamp(date: Date, offsetMinutes: number, dash: string, colon: string, gap: string): string {
  const [day, time] = new Date(date.getTime() + offsetMinutes * 60_000)
    .toISOString()
    .replace(/\..*$/, '')
    .split('T') as [string, string];
  return `${day.replaceAll('-', dash)}${gap}${time.replaceAll(':', colon)}`;
}

let rule: string | undefined;

/** The zone's abbreviation for an offset: JavaScript knows the offset, only the zone file knows `CEST`. */
function zoneName(offsetMinutes: number): string {
  rule ??= zoneRule(process.env['TZ']);
  const name = String.raw`(<[^>]+>|[A-Za-z]+)`;
  const shift = String.raw`([+-]?\d+(?::\d+){0,2})`;
  const match = new RegExp(`^${name}${shift}(?:${name}${shift}?)?`).exec(rule);
  if (!match) return offsetMinutes === 0 ? 'UTC' : plainZone(offsetMinutes);
  // POSIX counts west of Greenwich as positive.
  const standard = -minutesOf(match[2] as string);
  if (offsetMinutes === standard) return (match[1] as string).replace(/[<>]/g, '');
  const summer = match[4] === undefined ? standard + 60 : -minutesOf(match[4]);
  if (match[3] !== undefined && offsetMinutes === summer) return match[3].replace(/[<>]/g, '');
  return plainZone(offsetMinutes);
}

function plainZone(offsetMinutes: number): string {
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  const minutes = Math.abs(offsetMinutes) % 60;
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.abs(offsetMinutes) / 60)}${minutes === 0 ? '' : two(minutes)}`;
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** The rule at the end of the zone's file, e.g. `CET-1CEST,M3.5.0,M10.5.0/3`; UTC where there is none. */
function zoneRule(tz: string | undefined): string {
  const file =
    tz === undefined
      ? '/etc/localtime'
      : path.resolve('/usr/share/zoneinfo', tz === '' ? 'UTC' : tz.replace(/^:/, ''));
  try {
    return readFileSync(file, 'latin1').trimEnd().split('\n').at(-1) ?? 'UTC0';
  } catch {
    return 'UTC0';
  }
}
