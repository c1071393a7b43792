/**
 * Measures the archive writer and reader against Go's archive/tar and compress/gzip on the same objects, one after the
 * other. Usage: node bench/storage/archive.ts [items] [level …]. The last lines are `archive write ratio: N` and
 * `archive read ratio: N`: our rate divided by Go's.
 */

import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { openArchive } from '../../src/storage/archive/reader.ts';
import { createArchiveWriter } from '../../src/storage/archive/writer.ts';

/** Writes each object twice, as a backup does, then reads all back; prints seconds and bytes. */
const PROGRAM = `package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var samples []string
	bytes, err := os.ReadFile(os.Args[1])
	check(err)
	check(json.Unmarshal(bytes, &samples))
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	path := os.Args[3]
	start := time.Now()
	file, err := os.Create(path)
	check(err)
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	for i := 0; i < count; i++ {
		object := []byte(strings.Replace(samples[i%len(samples)], "@@@@@@@@", fmt.Sprintf("%08d", i), -1))
		for _, dir := range []string{"", "v1-preferredversion/"} {
			name := fmt.Sprintf("resources/configmaps/%snamespaces/ns-%d/object-%d.json", dir, i%50, i)
			check(archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(object)), Typeflag: tar.TypeReg, Mode: 0755, ModTime: time.Now()}))
			_, err = archive.Write(object)
			check(err)
		}
	}
	check(archive.Close())
	check(zipped.Close())
	check(file.Close())
	written := time.Since(start).Seconds()
	start = time.Now()
	file, err = os.Open(path)
	check(err)
	unzipped, err := gzip.NewReader(file)
	check(err)
	reader := tar.NewReader(unzipped)
	for {
		_, err := reader.Next()
		if err == io.EOF {
			break
		}
		check(err)
		_, err = io.Copy(io.Discard, reader)
		check(err)
	}
	fmt.Printf("{\\"write\\": %f, \\"read\\": %f}\\n", written, time.Since(start).Seconds())
}
`;

const [count = 40_000, ...levels] = process.argv.slice(2).map(Number);
const dir = mkdtempSync(join(tmpdir(), 'bench-archive-'));

try {
  const samples = await realObjects();
  const sizes = samples.map((sample) => sample.length);
  console.log(
    `${count} objects of ${Math.round(sizes.reduce((a, b) => a + b) / sizes.length)} bytes on average, each stored under two paths`,
  );
  const go = measureGo(samples);
  print('Go, level 6', go.write, statSync(join(dir, 'go.tar.gz')).size);
  let ours = 0;
  for (const level of levels.length === 0 ? [1, 6] : levels) {
    const seconds = await write(samples, level);
    print(`ours, level ${level}`, seconds, statSync(join(dir, `ours-${level}.tar.gz`)).size);
    ours = level === 6 ? seconds : ours;
  }
  const file = join(dir, `ours-${levels.at(-1) ?? 6}.tar.gz`);
  const read = await readBack(file);
  print('Go reads', go.read);
  print('ours opens and indexes', read.seconds);
  console.log(`resident memory at most ${Math.round(read.peak / 1e6)} MB`);
  if (ours > 0) console.log(`archive write ratio: ${(go.write / ours).toFixed(2)}`);
  console.log(`archive read ratio: ${(go.read / read.seconds).toFixed(2)}`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Objects of a real backup near 2.5 KB, each with a mark that makes every copy different. */
async function realObjects(): Promise<string[]> {
  const bucket = new URL('../../test/golden/velero-1.14.1-bucket.tar.gz', import.meta.url);
  const samples: string[] = [];
  const outer = extract();
  createReadStream(bucket).pipe(createGunzip()).pipe(outer);
  for await (const entry of outer) {
    const path = join(dir, 'sample.tar.gz');
    await pipeline(entry, createWriteStream(path));
    if (!entry.header.name.endsWith('.tar.gz')) continue;
    const archive = await openArchive(createReadStream(path));
    for (const kind of archive.groupResources()) {
      for (const item of archive.items(kind)) {
        if (item.size < 1500 || item.size > 6000) continue;
        const text = (await archive.read(item)).toString('utf8');
        samples.push(
          text
            .replaceAll(/"uid":"[0-9a-f]{8}/g, '"uid":"@@@@@@@@')
            .replaceAll(/"resourceVersion":"\d+"/g, '"resourceVersion":"@@@@@@@@"'),
        );
      }
    }
    await archive.close();
  }
  return samples;
}

function measureGo(samples: readonly string[]): { write: number; read: number } {
  writeFileSync(join(dir, 'samples.json'), JSON.stringify(samples));
  writeFileSync(join(dir, 'main.go'), PROGRAM);
  writeFileSync(join(dir, 'go.mod'), 'module bench\n\ngo 1.21\n');
  execFileSync('go', ['build', '-o', 'bench', '.'], { cwd: dir });
  const out = execFileSync(join(dir, 'bench'), [
    join(dir, 'samples.json'),
    String(count),
    join(dir, 'go.tar.gz'),
  ]);
  return JSON.parse(out.toString()) as { write: number; read: number };
}

async function write(samples: readonly string[], level: number): Promise<number> {
  const start = performance.now();
  const writer = createArchiveWriter({ level });
  const done = pipeline(writer.stream, createWriteStream(join(dir, `ours-${level}.tar.gz`)));
  for (let i = 0; i < count; i++) {
    const text = (samples[i % samples.length] as string).replaceAll('@@@@@@@@', String(i).padStart(8, '0'));
    const place = {
      groupResource: 'configmaps',
      version: 'v1',
      preferred: true,
      namespace: `ns-${i % 50}`,
      name: `object-${i}`,
    };
    const wait = writer.addItem(place, Buffer.from(text));
    if (wait !== undefined) await wait;
  }
  await writer.finish();
  await done;
  return (performance.now() - start) / 1000;
}

async function readBack(file: string): Promise<{ seconds: number; peak: number }> {
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const start = performance.now();
  const archive = await openArchive(createReadStream(file, { highWaterMark: 256 * 1024 }));
  const seconds = (performance.now() - start) / 1000;
  if (archive.count('configmaps') !== count) throw new Error('the archive does not hold what was written');
  const first = archive.find('configmaps', 'ns-0', 'object-0');
  JSON.parse(readFileSync(join(dir, 'samples.json'), 'utf8'));
  JSON.parse((await archive.read(first ?? '')).toString('utf8'));
  await archive.close();
  clearInterval(watch);
  return { seconds, peak: Math.max(peak, process.memoryUsage().rss) };
}

function print(what: string, seconds: number, bytes?: number): void {
  const size = bytes === undefined ? '' : `, ${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`${what}: ${seconds.toFixed(2)} s, ${Math.round(count / seconds)} objects/s${size}`);
}
