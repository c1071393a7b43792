import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ClusterError } from './errors.ts';
import { type Lock, takeLock } from './lock.ts';
import { machineLocks } from './paths.ts';

/**
 * The ports and addresses of one cluster. A cluster holds a numbered slot, locked for as long as it lives, and every
 * number follows from the slot's, so that clusters which start at the same moment cannot meet.
 */
export interface Slot {
  readonly number: number;
  readonly ports: Ports;
  readonly network: NodeNetwork;
}

/** The listening ports of the programs on the machine itself. */
export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiserver: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly storage: number;
}

/** The addresses of a cluster with a node: a /16 of its own. */
export interface NodeNetwork {
  /** Name of the machine's end of the cable to the node. */
  readonly link: string;
  /** The machine as the node and its pods see it. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** The address of the service `kubernetes`. */
  readonly serviceAddress: string;
}

const slotCount = 64;
// Below the range from which the kernel takes ports for outgoing connections (32768 and up).
const firstPort = 22_000;
const portsPerSlot = 16;
const firstNetwork = 160;

/** Takes the first free slot and returns it with the lock that keeps it. */
export async function takeSlot(): Promise<{ slot: Slot; lock: Lock }> {
  for (let number = 0; number < slotCount; number++) {
    const lock = await takeLock(join(machineLocks, `slot-${number}`), { wait: false });
    if (!lock) continue;
    const slot = describeSlot(number);
    if (await isUsable(slot)) return { slot, lock };
    await lock.release();
  }
  throw new ClusterError(
    `development cluster: all ${slotCount} slots (ports ${firstPort} and up) are taken. ` +
      'End clusters with: node dev/cluster/cli.ts down --all',
  );
}

/** The ports and addresses that belong to a slot's number. */
export function describeSlot(number: number): Slot {
  const base = firstPort + number * portsPerSlot;
  const network = `10.${firstNetwork + number}`;
  return {
    number,
    ports: {
      etcd: base,
      etcdPeer: base + 1,
      apiserver: base + 2,
      controllerManager: base + 3,
      scheduler: base + 4,
      storage: base + 5,
    },
    network: {
      link: `oadp-dev${number}`,
      hostAddress: `${network}.0.1`,
      nodeAddress: `${network}.0.2`,
      podSubnet: `${network}.64.0/18`,
      serviceSubnet: `${network}.128.0/17`,
      serviceAddress: `${network}.128.1`,
    },
  };
}

/** Other programs know nothing of slots: a slot is of use only where its ports and its network are free. */
async function isUsable(slot: Slot): Promise<boolean> {
  const prefix = slot.network.hostAddress.split('.').slice(0, 2).join('.');
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name === slot.network.link) continue;
    if (addresses?.some((entry) => entry.address.startsWith(`${prefix}.`))) return false;
  }
  for (const port of Object.values(slot.ports)) {
    if (!(await isFree(port))) return false;
  }
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
