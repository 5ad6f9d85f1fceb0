import { chmod, mkdir, stat } from 'node:fs/promises'
import { EtlError } from './errors.js'

/**
 * Makes a folder for this user only. One that is there and open to others is closed, where the file system has rights.
 *
 * @throws E513 for somebody else's folder that everybody may write to, see {@link closeToEverybody}
 */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { mode } = await stat(path)
  // What cannot be closed, as it is somebody else's, holds files that are closed themselves.
  if ((mode & 0o077) !== 0) await chmod(path, 0o700).catch(() => closeToEverybody(path))
}

/**
 * Takes away the right of everybody to write to a folder, where they might put other files in the place of ours: rights of
 * the files do not keep them from it. A folder like `/tmp`, where each may remove but their own (the sticky bit), is left as it is.
 *
 * @throws E513 where the right cannot be taken away
 */
export async function closeToEverybody(path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & 0o1002) !== 0o002) return
  try {
    await chmod(path, mode & 0o7775)
  } catch (cause) {
    throw new EtlError('E513', `everybody may write to the folder ${path}, and it is not yours to close`, {
      cause,
      hint: 'have its owner run `chmod o-w` on it, or name a folder of your own',
    })
  }
}
