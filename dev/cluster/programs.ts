/** One program of the development cluster and how it is built from a pinned Go module in dev/go. */
export interface ProgramSource {
  /** Folder below dev/go with go.mod and go.sum. */
  readonly module: string;
  /** The Go package to build, `.` for the module's own. */
  readonly package: string;
  /** Values set by the linker (`-X`), mostly the version that the program reports. */
  readonly set?: Readonly<Record<string, string>>;
}

const kubernetesVersion = {
  'k8s.io/component-base/version.gitVersion': 'v1.34.4',
  'k8s.io/component-base/version.gitMajor': '1',
  'k8s.io/component-base/version.gitMinor': '34',
  'k8s.io/component-base/version.gitTreeState': 'clean',
  'k8s.io/client-go/pkg/version.gitVersion': 'v1.34.4',
};

const veleroVersion = {
  'github.com/vmware-tanzu/velero/pkg/buildinfo.Version': 'v1.14.1',
  'github.com/vmware-tanzu/velero/pkg/buildinfo.GitTreeState': 'clean',
};

function kubernetes(command: string): ProgramSource {
  return { module: 'kubernetes', package: `k8s.io/kubernetes/cmd/${command}`, set: kubernetesVersion };
}

function velero(command: string): ProgramSource {
  return { module: 'velero', package: `github.com/vmware-tanzu/velero/cmd/${command}`, set: veleroVersion };
}

/** Every program that can be built, by the name of its file. */
export const programs = {
  certs: { module: 'certs', package: '.' },
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3' },
  versitygw: {
    module: 'versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    set: { 'main.Version': 'v1.2.0' },
  },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubectl: kubernetes('kubectl'),
  kubelet: kubernetes('kubelet'),
  pause: { module: 'pause', package: '.' },
  kopia: {
    module: 'kopia',
    package: 'github.com/kopia/kopia',
    set: {
      'github.com/kopia/kopia/repo.BuildVersion': '0.22.3',
      'github.com/kopia/kopia/repo.BuildInfo': 'v0.22.3',
      'github.com/kopia/kopia/repo.BuildGitHubRepo': 'kopia/kopia',
    },
  },
  velero: velero('velero'),
  'velero-helper': velero('velero-helper'),
  'velero-restore-helper': velero('velero-restore-helper'),
  'velero-plugin-for-aws': {
    module: 'velero-plugin-for-aws',
    package: 'github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws',
  },
} as const satisfies Record<string, ProgramSource>;

/** The name of a program that can be built. */
export type ProgramName = keyof typeof programs;

/** The programs of an S3 server alone. */
export const storageServer: readonly ProgramName[] = ['certs', 'versitygw'];

/** The programs of a cluster without a node. */
export const controlPlane: readonly ProgramName[] = [
  ...storageServer,
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];

/** What a cluster with a node needs on top (containerd, runc and the network plugins are Debian packages). */
export const nodePrograms: readonly ProgramName[] = ['kubelet', 'pause'];

/** The real Velero 1.14.1 and its AWS plugin, to compare with. */
export const veleroPrograms: readonly ProgramName[] = [
  'velero',
  'velero-helper',
  'velero-restore-helper',
  'velero-plugin-for-aws',
];

/** Whether a string names a program that can be built. */
export function isProgramName(name: string): name is ProgramName {
  return Object.hasOwn(programs, name);
}
