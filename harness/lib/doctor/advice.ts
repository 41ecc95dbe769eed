// What a machine lacks for WebGPU on its GPU, by name, and the commands or container flags that bring it. Decides from a
// description of the machine alone.
import type { Machine } from './machine.js';

export interface Finding {
  /** What is missing, in one line. */
  missing: string;
  /** Commands, each with whom it is for. */
  remedies: { where: string; what: string }[];
}

/** dawn.node's: Debian 12, Ubuntu 22.04, RHEL 9. */
const LEAST_GLIBC = [2, 34] as const;

type Packages = Record<'debian' | 'ubuntu' | 'rhel', string>;

const LOADER: Packages = {
  debian: 'apt-get install -y libvulkan1',
  ubuntu: 'apt-get install -y libvulkan1',
  rhel: 'dnf install -y vulkan-loader',
};
const EGL: Packages = {
  debian: 'apt-get install -y libegl1 libgl1',
  ubuntu: 'apt-get install -y libegl1 libgl1',
  rhel: 'dnf install -y libglvnd-egl libglvnd-glx',
};
const NVIDIA_DRIVER: Packages = {
  debian: 'apt-get install -y nvidia-vulkan-icd   (contrib, non-free)',
  ubuntu: 'apt-get install -y libnvidia-gl-NNN   (NNN: the number before the first dot of the driver version)',
  rhel: 'dnf install -y nvidia-driver-libs   (from the CUDA or RPM Fusion repository)',
};

const CAPABILITIES = 'NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics';
const GRAPHICS = [
  { where: 'docker', what: `docker run --gpus all -e ${CAPABILITIES} ...` },
  { where: 'podman', what: `podman run --device nvidia.com/gpu=all -e ${CAPABILITIES} ...` },
  { where: 'Kubernetes', what: `env: [{ name: NVIDIA_DRIVER_CAPABILITIES, value: "compute,utility,graphics" }]` },
];
const GPUS = [
  { where: 'docker', what: `docker run --gpus all ... (AMD, Intel: --device /dev/dri)` },
  { where: 'podman', what: 'podman run --device nvidia.com/gpu=all ... (AMD, Intel: --device /dev/dri)' },
  { where: 'Kubernetes', what: 'resources: { limits: { nvidia.com/gpu: 1 } }' },
];

/** @returns what is missing, the cause before what follows from it; nothing if the GPU's driver should be found */
export function adviceFor(machine: Machine): Finding[] {
  return [glibc, device, permission, loader, nvidiaDriver, driverLibrary, egl].flatMap((check) => check(machine) ?? []);
}

function glibc({ glibc: version }: Machine): Finding | undefined {
  const [major = 0, minor = 0] = version?.split('.').map(Number) ?? [];
  if (major > LEAST_GLIBC[0] || (major === LEAST_GLIBC[0] && minor >= LEAST_GLIBC[1])) return undefined;
  const is = version === undefined ? 'this system has another C library' : `this system has ${version}`;
  return {
    missing: `glibc ${LEAST_GLIBC.join('.')} or newer, which Dawn's library needs: ${is}`,
    remedies: [{ where: 'image', what: 'Debian 12, Ubuntu 22.04, RHEL 9 or newer; not Alpine' }],
  };
}

function device({ devices, nvidia, container }: Machine): Finding | undefined {
  if (devices.length > 0) return undefined;
  if (container)
    return { missing: `a GPU in this container (${container}): no /dev/nvidia*, no /dev/dri/renderD*`, remedies: GPUS };
  if (nvidia === undefined) return undefined; // there may be no GPU, and nothing that is missing
  return {
    missing: `/dev/nvidia0, although NVIDIA's kernel module ${nvidia} is loaded`,
    remedies: [{ where: 'host', what: 'nvidia-modprobe -c 0 -u' }],
  };
}

function permission({ devices, container }: Machine): Finding | undefined {
  const closed = devices.filter(({ usable }) => !usable).map(({ file }) => file);
  if (closed.length === 0 || closed.length < devices.length) return undefined;
  return {
    missing: `permission to read and write ${closed.join(', ')}`,
    remedies: container
      ? [{ where: container, what: '--group-add render   (or run as root)' }]
      : [{ where: 'host', what: 'usermod -aG render,video $USER   and log in again' }],
  };
}

function loader({ loaders, distribution }: Machine): Finding | undefined {
  if (loaders.length > 0) return undefined;
  return { missing: "Vulkan's loader, libvulkan.so.1", remedies: packages(LOADER, distribution) };
}

const isNvidia = ({ library }: { library: string }) => library.includes('nvidia');
const hasNvidia = ({ devices }: Machine) => devices.some(({ file }) => file.startsWith('/dev/nvidia'));

function nvidiaDriver(machine: Machine): Finding | undefined {
  const { drivers, distribution, container, environment } = machine;
  if (!hasNvidia(machine) || drivers.some(isNvidia)) return undefined;
  const capabilities = environment.NVIDIA_DRIVER_CAPABILITIES;
  const missing = "NVIDIA's Vulkan driver: no nvidia_icd.json where drivers are looked for";
  if (!container && capabilities === undefined) return { missing, remedies: packages(NVIDIA_DRIVER, distribution) };
  const given = capabilities === undefined ? 'is not set' : `is ${capabilities}`;
  return { missing: `${missing}; NVIDIA_DRIVER_CAPABILITIES ${given}, must have graphics`, remedies: GRAPHICS };
}

function driverLibrary(machine: Machine): Finding[] {
  const linked = machine.environment.LD_LIBRARY_PATH?.split(':') ?? [];
  return machine.drivers.flatMap(({ file, library, found }): Finding[] => {
    if (library === '')
      return [{ missing: `a library in ${file}: it is no driver's description`, remedies: [reinstall(file)] }];
    if (found === undefined) {
      const remedies = isNvidia({ library }) && machine.container ? GRAPHICS : [reinstall(file)];
      return [{ missing: `${library}, which ${file} names`, remedies }];
    }
    const folder = found.slice(0, found.lastIndexOf('/'));
    if (library.startsWith('/') || !folder.startsWith('/usr/local/nvidia') || linked.includes(folder)) return [];
    const missing = `${folder} in LD_LIBRARY_PATH: ${library}, which ${file} names, lies there`;
    const others = linked.length > 0 ? ':$LD_LIBRARY_PATH' : '';
    return [{ missing, remedies: [{ where: 'shell', what: `export LD_LIBRARY_PATH=${folder}${others}` }] }];
  });
}

const reinstall = (file: string) => ({ where: 'host', what: `install its package anew, or remove ${file}` });

function egl(machine: Machine): Finding | undefined {
  if (machine.egl.length > 0 || !machine.drivers.some((driver) => isNvidia(driver) && driver.found)) return undefined;
  return {
    missing: "libEGL.so.1, which NVIDIA's driver opens",
    remedies: packages(EGL, machine.distribution),
  };
}

/** For this distribution, or for all where it is none of them. */
function packages(commands: Packages, distribution: string): Finding['remedies'] {
  const [id = ''] = distribution.split(' ');
  const kin = {
    debian: 'debian',
    ubuntu: 'ubuntu',
    rhel: 'rhel',
    fedora: 'rhel',
    centos: 'rhel',
    rocky: 'rhel',
    almalinux: 'rhel',
  };
  const known = kin[id as keyof typeof kin] as keyof Packages | undefined;
  const names = { debian: 'Debian', ubuntu: 'Ubuntu', rhel: 'RHEL' };
  return Object.entries(commands)
    .filter(([name]) => known === undefined || name === known)
    .map(([name, what]) => ({ where: names[name as keyof Packages], what }));
}
