import { defineConfig } from 'vitest/config';

// Three suites by cost: unit runs beside the source in seconds; cluster starts etcd, kube-apiserver and an S3
// server; node adds kubelet and containerd. The last two run one file at a time: two cores carry one cluster well.
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
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts', 'dev/**/*.node.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
