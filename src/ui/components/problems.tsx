import type { ReactElement } from 'react'
import { formatClock } from '../format.js'
import { problemMark, problemText } from '../problem-text.js'
import type { RunState } from '../run-state.js'
import type { Columns, View } from '../view.js'
import { Row } from './row.js'

interface Props {
  readonly state: RunState
  readonly count: number
  readonly columns: Columns
  readonly view: View
}

/** What went wrong last, newest first. */
export function Problems({ state, count, columns, view }: Props): ReactElement {
  return (
    <>
      {state.problems.slice(0, count).map(problem => {
        const { mark, tone } = problemMark(problem, view.theme.symbols)
        const time = formatClock(problem.at - (state.startedAt ?? problem.at))
        return (
          <Row
            key={`${problem.kind} ${problem.at} ${problem.entity} ${problem.text}`}
            view={view}
            line={[{ text: ` ${time} ` }, { text: mark, tone }, { text: ` ${problemText(problem, columns.name)}` }]}
          />
        )
      })}
    </>
  )
}
