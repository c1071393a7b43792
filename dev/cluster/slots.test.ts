import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { describeSlot, takeSlot } from './slots.ts';

test('slots share neither ports nor networks, and stay below the ports of outgoing connections', () => {
  const slots = Array.from({ length: 64 }, (_, number) => describeSlot(number));
  const ports = slots.flatMap((slot) => Object.values(slot.ports));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  const addresses = slots.map((slot) => slot.network.nodeAddress);
  expect(new Set(addresses).size).toBe(slots.length);
  for (const address of addresses) {
    for (const byte of address.split('.')) expect(Number(byte)).toBeLessThan(256);
  }
});

test('slots taken at the same moment differ', async () => {
  const taken = await Promise.all([takeSlot(), takeSlot(), takeSlot()]);
  const numbers = taken.map(({ slot }) => slot.number);
  await Promise.all(taken.map(({ lock }) => lock.release()));
  expect(new Set(numbers).size).toBe(3);
});

test('a slot with a port that another program listens on is passed over', async () => {
  const first = await takeSlot();
  await first.lock.release();
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(first.slot.ports.storage, '127.0.0.1', resolve);
  });
  const second = await takeSlot();
  await second.lock.release();
  server.close();
  expect(second.slot.number).not.toBe(first.slot.number);
});
