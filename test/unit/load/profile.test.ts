import { describe, expect, it } from 'vitest'
import { failure, load, problems, VALID } from './pipeline-file.js'

const TEXT = `${VALID}vars: { region: US, tier: gold }
profiles:
  rehearsal:
    target: { path: rehearsal.sqlite }
    vars: { region: EU }
  server:
    target: { type: postgres, database: app, user: me }
    entities:
      customers: { load: upsert }
  broken:
    target: { type: postgres, databse: app }
    entities:
      customers: { load: upsrt }
`

describe('a profile', () => {
  it('is merged deeply', async () => {
    const { spec } = await load(TEXT, { profile: 'rehearsal' })
    expect(spec.target).toEqual({ type: 'sqlite', path: 'rehearsal.sqlite' })
    expect(spec.vars).toEqual({ region: 'EU', tier: 'gold' })
  })

  it('replaces a connection of another type', async () => {
    const { spec } = await load(TEXT, { profile: 'server' })
    expect(spec.target).toEqual({ type: 'postgres', database: 'app', user: 'me' })
    expect(spec.entities[0]).toMatchObject({ load: 'upsert', from: { table: { table: 'CUSTOMERS' } } })
  })

  it('changes nothing when it is not chosen', async () => {
    const { spec } = await load(TEXT)
    expect(spec.target).toEqual({ type: 'sqlite', path: 'out.sqlite' })
    expect(spec.vars).toEqual({ region: 'US', tier: 'gold' })
  })

  it('keeps the places of its own lines', async () => {
    expect(await problems(TEXT, { profile: 'broken' })).toEqual([
      'E101 22:31 "databse" is not a key of `target`',
      'E103 24:26 "upsrt" is not one of insert, ignore, upsert, update, replace',
    ])
    const pipeline = await load(TEXT, { profile: 'rehearsal' })
    expect(pipeline.locate(['vars', 'region'])).toEqual({ line: 16, column: 21, length: 2 })
    expect(pipeline.locate(['vars', 'tier'])).toEqual({ line: 12, column: 27, length: 4 })
  })

  it('that does not exist names those that do', async () => {
    const { diagnostics } = await failure(TEXT, { profile: 'reharsal' })
    expect(diagnostics).toMatchObject([
      {
        code: 'E012',
        message: 'no profile is called "reharsal"',
        position: { line: 13, column: 1 },
        hint: 'Did you mean "rehearsal"? Profiles: rehearsal, server, broken.',
      },
    ])
    expect((await failure(VALID, { profile: 'x' })).diagnostics[0]?.hint).toBe('The file has no profiles.')
  })

  it('cannot hold what is no part of it', async () => {
    expect(await problems(`${VALID}profiles: { p: { name: x } }\n`)).toEqual([
      'E101 12:18 "name" is not a key of profile p',
    ])
  })

  it('may leave a variable of the block it replaces unset', async () => {
    const text = TEXT.replace('out.sqlite', '"${UNSET}"')
    expect((await load(text, { profile: 'server' })).spec.target.type).toBe('postgres')
    expect(await problems(text)).toEqual(['E010 5:32 UNSET is not set'])
  })
})
