import { execFile } from 'node:child_process';
import type { StorageInfo } from '../cluster/index.ts';

/** The cluster that the demo works on. */
export interface DemoCluster {
  kubeconfig: string;
  /** The kubectl to run. */
  kubectl: string;
  /** An image with a shell and httpd. */
  image: string;
  s3: StorageInfo;
  close(): Promise<void>;
}

export interface DemoObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/** kubectl: an independent witness of what is in the cluster. */
export class Kubectl {
  readonly #cluster: DemoCluster;

  constructor(cluster: DemoCluster) {
    this.#cluster = cluster;
  }

  /** Runs one command; its output. Throws with kubectl's own words. */
  run(args: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = execFile(
        this.#cluster.kubectl,
        ['--kubeconfig', this.#cluster.kubeconfig, ...args],
        { maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || error.message}`));
          else resolve(stdout);
        },
      );
      child.stdin?.end(input);
    });
  }

  async apply(objects: readonly unknown[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await this.run(['apply', '--server-side', '-f', '-'], JSON.stringify(list));
  }

  async waitReady(namespace: string, deployment: string): Promise<void> {
    await this.run(['-n', namespace, 'rollout', 'status', `deployment/${deployment}`, '--timeout=120s']);
  }

  /** Every object in a namespace, and the namespace itself, by `Kind/name`. Events are left out. */
  async everything(namespace: string): Promise<Map<string, DemoObject>> {
    const types = (await this.run(['api-resources', '--namespaced', '--verbs=list', '-o', 'name']))
      .split('\n')
      .filter((type) => type !== '' && !/^events(\.|$)|metrics/.test(type));
    const found = new Map<string, DemoObject>();
    const listed = await this.run([
      '-n',
      namespace,
      'get',
      types.join(','),
      '-o',
      'json',
      '--ignore-not-found',
      '--show-managed-fields',
    ]);
    const add = (text: string) => {
      if (text.trim() === '') return;
      const { items } = JSON.parse(text) as { items?: DemoObject[] };
      for (const item of items ?? [JSON.parse(text) as DemoObject])
        found.set(`${item.kind}/${item.metadata.name}`, item);
    };
    add(listed);
    add(await this.run(['get', 'namespace', namespace, '-o', 'json', '--ignore-not-found']));
    add(await this.run(['get', 'crd', 'discounts.demo.example.com', '-o', 'json', '--ignore-not-found']));
    return found;
  }

  /** What the web server says, asked from inside one of its pods. */
  async page(namespace: string): Promise<string> {
    return this.run([
      '-n',
      namespace,
      'exec',
      'deploy/web',
      '--',
      'wget',
      '-q',
      '-O',
      '-',
      'http://127.0.0.1:8080/',
    ]);
  }
}
