import { defineConfig } from 'vitest/config';

// Three suites by cost: unit runs beside the source in seconds; cluster starts etcd, kube-apiserver and an S3
// server; interop adds the real Velero; node adds kubelet and containerd. All but the first run one file at a time:
// two cores carry one cluster well. They wait for real programs on machines that others may be using, so a test that
// failed there is tried once more; one that fails twice has failed.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'dev/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/structure/**/*.test.ts',
          ],
          exclude: ['**/*.cluster.test.ts', '**/*.node.test.ts', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts', 'src/**/*.cluster.test.ts', 'dev/**/*.cluster.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          retry: 1,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          retry: 1,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts', 'dev/**/*.node.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          retry: 1,
        },
      },
    ],
  },
});
