import type { ReactElement } from 'react'
import { detailsLines } from '../details-lines.js'
import { helpLines } from '../help-lines.js'
import { bodyRoom, bodyRows, layoutOf } from '../layout.js'
import { logLines } from '../log-lines.js'
import type { EntityView, RunState } from '../run-state.js'
import { columnsOf, type Line, usableWidth, type View } from '../view.js'
import { EntityRow } from './entity-row.js'
import { FoldedRow } from './folded-row.js'
import { Header } from './header.js'
import { KeyHelp } from './key-help.js'
import { Problems } from './problems.js'
import { Row } from './row.js'
import { TotalRows } from './total-rows.js'

interface Props {
  readonly state: RunState
  readonly view: View
}

/** One frame of the live screen, a pure function of the state. */
export function Screen({ state, view }: Props): ReactElement {
  return (
    <>
      <Header state={state} view={view} />
      <Body state={state} view={view} />
      <KeyHelp state={state} view={view} />
    </>
  )
}

function Body({ state, view }: Props): ReactElement {
  const { panel, selected } = view.looking ?? {}
  const entity = state.entities.find(({ name }) => name === selected)
  if (panel === 'details' && entity !== undefined) return <Details state={state} view={view} entity={entity} />
  if (panel === 'log') return <Lines {...{ state, view }} lines={room => logLines(state, view, room)} />
  if (panel === 'help') return <Lines {...{ state, view }} lines={room => helpLines(view).slice(0, room)} />
  return <Table state={state} view={view} />
}

/** All entities, the total, what went wrong last. */
function Table({ state, view }: Props): ReactElement {
  const { theme } = view
  const layout = layoutOf(state, view)
  const columns = columnsOf(state, view)
  const rule = ` ${theme.symbols.rule.repeat(usableWidth(view) - 1)}`
  return (
    <>
      {layout.airy && <Row view={view} line={[]} />}
      {layout.shown.map(entity => (
        <EntityRow key={entity.name} state={state} entity={entity} columns={columns} view={view} />
      ))}
      {layout.folded.length > 0 && <FoldedRow entities={layout.folded} view={view} />}
      {layout.airy && <Row view={view} line={[{ text: rule, tone: 'dim' }]} />}
      <TotalRows state={state} columns={columns} view={view} />
      {layout.airy && layout.problems > 0 && <Row view={view} line={[]} />}
      <Problems state={state} count={layout.problems} columns={columns} view={view} />
      {layout.airy && <Row view={view} line={[]} />}
    </>
  )
}

/** One entity: its row as in the table, then all that is known of it. */
function Details({ state, view, entity }: Props & { readonly entity: EntityView }): ReactElement {
  const row = <EntityRow state={state} entity={entity} columns={columnsOf(state, view)} view={view} />
  return <Lines {...{ state, view, row }} lines={room => detailsLines(state, entity, view, room)} />
}

interface LinesProps extends Props {
  /** Above the lines. */
  readonly row?: ReactElement
  /** @param room rows there may be */
  readonly lines: (room: number) => readonly Line[]
}

/** Lines in place of the table, as high as the table, so that the keys stay where they are; higher where they need it. */
function Lines({ state, view, row, lines }: LinesProps): ReactElement {
  const air = view.rows >= AIRY ? 1 : 0
  const above = air + (row === undefined ? 0 : 1)
  const shown = lines(Math.max(1, bodyRoom(view) - above - air))
  const below = Math.max(air, bodyRows(layoutOf(state, view)) - above - shown.length)
  const blank = (count: number): Line[] => Array<Line>(count).fill([])
  return (
    <>
      {air > 0 && <Row view={view} line={[]} />}
      {row}
      {[...shown, ...blank(below)].map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place
        <Row key={index} view={view} line={line} />
      ))}
    </>
  )
}

/** Terminals lower than this have no rows for blank lines. */
const AIRY = 14
