import { chmod, mkdir, stat } from 'node:fs/promises'

/** Makes a folder for this user only. One that is there and open to others is closed, where the file system has rights. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { mode } = await stat(path)
  // What cannot be closed, as it is somebody else's, holds files that are closed themselves.
  if ((mode & 0o077) !== 0) await chmod(path, 0o700).catch(() => undefined)
}
