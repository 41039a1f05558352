import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Tools of the system that some faults are made with. They need Linux and mostly root: where one does not work its
 * tests are skipped, and the reporter counts them.
 */

/** Puts a command under a user that owns nothing and may nothing. */
export const asNobody = [
  'setpriv',
  '--reuid=65532',
  '--regid=65532',
  '--clear-groups',
  '--bounding-set=-all',
  '--no-new-privs',
] as const;

/** Puts a command into a process namespace of its own, where it is process 1. */
export const asFirstProcess = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;

/** Puts a command into a mount namespace whose every file is read-only, but for one folder. */
export function withReadOnlyRoot(writable: string): readonly string[] {
  const script = `mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, writable];
}

export function works(command: readonly string[]): boolean {
  const [name = '', ...args] = command;
  return spawnSync(name, [...args, process.execPath, '--version']).status === 0;
}

/** Process ids of the children of a process. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((one) => one !== '')
    .map(Number);
}

export interface SmallDisk {
  /** Not one block is left. */
  fill(): void;
  free(): void;
  unmount(): void;
}

export function canMount(): boolean {
  return spawnSync('mount', ['--version']).status === 0 && process.getuid?.() === 0;
}

/** A file system of 8 MiB in memory at this folder. */
export function mountSmallDisk(folder: string): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  return {
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize));
      } catch (fault) {
        // Somebody else was quicker to take the rest: full is full.
        if ((fault as NodeJS.ErrnoException).code !== 'ENOSPC') throw fault;
      }
    },
    free: () => rmSync(ballast),
    unmount: () => {
      execFileSync('umount', ['--lazy', folder]);
    },
  };
}
