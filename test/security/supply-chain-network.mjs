// Loaded into the program: writes down every host that it wants to know the number of, or to talk to.
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const note = text => fs.appendFileSync(process.env.CONTACTS, `${text}\n`)

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args
  const to = typeof first === 'object' && first !== null ? first : { port: first, host: args[1] }
  note(to.path === undefined ? `tcp ${to.host ?? 'localhost'}:${to.port}` : `socket ${to.path}`)
  return connect.apply(this, args)
}
const send = dgram.Socket.prototype.send
dgram.Socket.prototype.send = function (...args) {
  note('udp')
  return send.apply(this, args)
}
for (const module of [dns, dns.promises])
  for (const name of Object.keys(module).filter(each => /^(lookup|resolve|reverse)/.test(each))) {
    const original = module[name]
    if (typeof original !== 'function') continue
    module[name] = (host, ...rest) => {
      if (typeof host === 'string' && net.isIP(host) === 0) note(`dns ${host}`)
      return original.call(module, host, ...rest)
    }
  }
const { fetch } = globalThis
globalThis.fetch = (...args) => {
  note(`fetch ${args[0]}`)
  return fetch(...args)
}
syncBuiltinESMExports()
