import type { ReactElement } from 'react'
import { HELP_ROWS, layoutOf } from '../layout.js'
import type { RunState } from '../run-state.js'
import { columnsOf, usableWidth, type View } from '../view.js'
import { EntityRow } from './entity-row.js'
import { FoldedRow } from './folded-row.js'
import { Header } from './header.js'
import { Help, KeyHelp } from './key-help.js'
import { Problems } from './problems.js'
import { BLANK, Row } from './row.js'
import { TotalRows } from './total-rows.js'

/** One frame of the live screen, a pure function of the state. */
export function Screen({ state, view }: { readonly state: RunState; readonly view: View }): ReactElement {
  const { theme } = view
  const layout = layoutOf(state, view)
  const columns = columnsOf(state, view)
  const rule = ` ${theme.symbols.rule.repeat(usableWidth(view) - 1)}`
  const help = view.help === true && layout.problems === HELP_ROWS
  return (
    <>
      <Header state={state} view={view} />
      {layout.airy && <Row theme={theme} line={BLANK} />}
      {layout.shown.map(entity => (
        <EntityRow key={entity.name} state={state} entity={entity} columns={columns} view={view} />
      ))}
      {layout.folded.length > 0 && <FoldedRow entities={layout.folded} view={view} />}
      {layout.airy && <Row theme={theme} line={[{ text: rule, tone: 'dim' }]} />}
      <TotalRows state={state} columns={columns} view={view} />
      {layout.airy && layout.problems > 0 && <Row theme={theme} line={BLANK} />}
      {help ? <Help view={view} /> : <Problems state={state} count={layout.problems} columns={columns} view={view} />}
      {layout.airy && <Row theme={theme} line={BLANK} />}
      <KeyHelp state={state} view={view} />
    </>
  )
}
