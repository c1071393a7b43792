/** Reads what a server left in the bucket, straight from the object store's files and with GNU tar and gzip alone. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Cluster } from '../../dev/cluster/index.ts';

/** One backup or restore in the bucket. */
export class BucketFolder {
  readonly folder: string;

  constructor(
    cluster: Cluster,
    prefix: string,
    kind: 'backups' | 'restores',
    name: string,
    bucket = 'velero',
  ) {
    this.folder = path.join(cluster.s3.dataFolder, bucket, prefix, kind, name);
  }

  /** Names of the files, sorted. */
  files(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder).sort() : [];
  }

  has(file: string): boolean {
    return existsSync(path.join(this.folder, file));
  }

  bytes(file: string): Buffer {
    return readFileSync(path.join(this.folder, file));
  }

  text(file: string): string {
    const bytes = this.bytes(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  }

  json<T = unknown>(file: string): T {
    return JSON.parse(this.text(file)) as T;
  }

  /** Every entry of the tarball with its content, extracted by GNU tar. */
  archive(file: string): Map<string, string> {
    const target = mkdtempSync(path.join(tmpdir(), 'archive-'));
    try {
      execFileSync('tar', ['-xzf', path.join(this.folder, file), '-C', target]);
      const entries = new Map<string, string>();
      const walk = (folder: string) => {
        for (const name of readdirSync(folder)) {
          const full = path.join(folder, name);
          if (statSync(full).isDirectory()) walk(full);
          else entries.set(path.relative(target, full), readFileSync(full, 'utf8'));
        }
      };
      walk(target);
      return entries;
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  }
}
