import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArchive } from '../../../src/storage/archive/reader.ts';
import { createArchiveWriter } from '../../../src/storage/archive/writer.ts';

const run = promisify(execFile);

/** Reads like the real server does: gzip.NewReader and tar.NewReader with their defaults; and writes like it. */
const PROGRAM = `package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

type entry struct {
	Name string
	Size int64
	Mode int64
	Type string
	Sum  string
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func read(path string) {
	file, err := os.Open(path)
	check(err)
	unzipped, err := gzip.NewReader(file)
	check(err)
	archive := tar.NewReader(unzipped)
	out := json.NewEncoder(os.Stdout)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return
		}
		check(err)
		sum := sha256.New()
		_, err = io.Copy(sum, archive)
		check(err)
		check(out.Encode(entry{header.Name, header.Size, header.Mode, string(header.Typeflag), fmt.Sprintf("%x", sum.Sum(nil))}))
	}
}

func write(path string, names []string) {
	file, err := os.Create(path)
	check(err)
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	for _, name := range names {
		check(archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Typeflag: tar.TypeReg, Mode: 0755, ModTime: time.Now()}))
		_, err = archive.Write([]byte(name))
		check(err)
	}
	check(archive.Close())
	check(zipped.Close())
	check(file.Close())
}

func main() {
	if os.Args[1] == "read" {
		read(os.Args[2])
	} else {
		write(os.Args[2], os.Args[3:])
	}
}
`;

let dir = '';
let program = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'go-archive-'));
  await writeFile(join(dir, 'main.go'), PROGRAM);
  await writeFile(join(dir, 'go.mod'), 'module archivecheck\n\ngo 1.21\n');
  program = join(dir, 'archivecheck');
  await run('go', ['build', '-o', program, '.'], { cwd: dir });
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

const LONG = [
  `resources/${'w'.repeat(63)}.group.example.com/v1-preferredversion/namespaces/${'n'.repeat(63)}/${'o'.repeat(120)}.json`,
  `resources/things/cluster/${'long'.repeat(60)}.json`,
  'resources/clusterroles.rbac.authorization.k8s.io/cluster/system:controller:é.json',
];

describe("the archive and Go's archive/tar and compress/gzip", () => {
  it('V-STO-030 V-STO-031 what we write in many gzip members, Go reads whole', async () => {
    const writer = createArchiveWriter({ memberBytes: 64 * 1024 });
    const file = join(dir, 'ours.tar.gz');
    const written = pipeline(writer.stream, createWriteStream(file));
    const sums = new Map<string, string>();
    const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    sums.set('metadata/version', sum(Buffer.from('1.1.0\n')));
    for (let i = 0; i < 3000; i++) {
      const bytes = Buffer.from(JSON.stringify({ i, text: 'x'.repeat(i % 700) }));
      const place = {
        groupResource: 'pods',
        version: 'v1',
        preferred: true,
        namespace: `ns${i % 7}`,
        name: `p${i}`,
      };
      await writer.addItem(place, bytes);
      sums.set(`resources/pods/namespaces/ns${i % 7}/p${i}.json`, sum(bytes));
      sums.set(`resources/pods/v1-preferredversion/namespaces/ns${i % 7}/p${i}.json`, sum(bytes));
    }
    for (const name of LONG) {
      await writer.add(name, Buffer.from(name));
      sums.set(name, sum(Buffer.from(name)));
    }
    const summary = await writer.finish();
    await written;
    const { stdout } = await run(program, ['read', file], { maxBuffer: 1 << 26 });
    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Name: string; Mode: number; Type: string; Sum: string });
    expect(entries.length).toBe(summary.entries);
    expect(entries[0]?.Name).toBe('metadata/version');
    expect(new Map(entries.map((entry) => [entry.Name, entry.Sum]))).toEqual(sums);
    expect(new Set(entries.map((entry) => `${entry.Mode.toString(8)} ${entry.Type}`))).toEqual(
      new Set(['755 0']),
    );
  });

  it('V-STO-037 what Go writes, long names included, we read', async () => {
    const file = join(dir, 'theirs.tar.gz');
    const names = ['resources/pods/namespaces/a/b.json', ...LONG];
    await run(program, ['write', file, ...names]);
    const archive = await openArchive(createReadStream(file));
    expect(archive.entries).toBe(names.length);
    for (const name of names) expect((await archive.read(name)).toString()).toBe(name);
    await archive.close();
  });
});
