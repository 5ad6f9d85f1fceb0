export type Protocol = 'postgres' | 'mysql'

export interface Message {
  readonly bytes: Buffer
  /** A COMMIT begins with this message; the server acts upon this message of it. */
  readonly commit: 'begins' | 'acts' | undefined
}

/** Cuts what a client sends into whole messages. One reader for each connection. */
export function reader(protocol: Protocol): (chunk: Buffer) => Message[] {
  const split = protocol === 'postgres' ? postgres() : mysql
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const found: Message[] = []
    for (;;) {
      const message = split(rest)
      if (message === undefined) return found
      rest = rest.subarray(message.bytes.length)
      // MySQL's one packet is the beginning and the whole of it.
      found.push(...(message.commit === 'whole' ? halves(message.bytes) : [{ ...message, commit: message.commit }]))
    }
  }
}

type Split = (bytes: Buffer) => { bytes: Buffer; commit: Message['commit'] | 'whole' } | undefined

function halves(bytes: Buffer): Message[] {
  return [
    { bytes: bytes.subarray(0, 1), commit: 'begins' },
    { bytes: bytes.subarray(1), commit: 'acts' },
  ]
}

const PARSE = 0x50
const EXECUTE = 0x45
const SSL_REQUEST = 80877103

function postgres(): Split {
  let started = false
  let committing = false
  return bytes => {
    const header = started ? 5 : 4
    if (bytes.length < header) return undefined
    const end = started ? 1 + bytes.readInt32BE(1) : bytes.readInt32BE(0)
    if (bytes.length < end) return undefined
    const message = bytes.subarray(0, end)
    if (!started) {
      started = !(end === 8 && message.readInt32BE(4) === SSL_REQUEST)
      return { bytes: message, commit: undefined }
    }
    if (message[0] === PARSE) {
      const query = message.toString('latin1', 5).split('\0')[1]
      committing = query === 'commit'
      return { bytes: message, commit: committing ? 'begins' : undefined }
    }
    const acts = committing && message[0] === EXECUTE
    if (acts) committing = false
    return { bytes: message, commit: acts ? 'acts' : undefined }
  }
}

const COM_QUERY = 3

const mysql: Split = bytes => {
  if (bytes.length < 4) return undefined
  const end = 4 + bytes.readUIntLE(0, 3)
  if (bytes.length < end) return undefined
  const message = bytes.subarray(0, end)
  const commit = message[3] === 0 && message[4] === COM_QUERY && message.toString('latin1', 5) === 'commit'
  return { bytes: message, commit: commit ? 'whole' : undefined }
}
