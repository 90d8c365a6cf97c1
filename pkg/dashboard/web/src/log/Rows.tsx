import { memo } from 'react'
import type { Window } from './anchor'
import { LineRow } from './LineRow'
import type { Place } from './place'
import type { Times } from './prefs'
import { stamp } from './stamp'
import { StepHead } from './StepHead'
import { keyOf, type LogStore } from './store'

export interface RowsProps {
  store: LogStore
  /** Changes when the store does. */
  version: number
  window: Window
  times: Times
  selected: Place | undefined
  current: { step: string; number: number } | undefined
  pattern: RegExp | undefined
  /** The step whose head stays at the top of the view; its own row is empty then. */
  stuck: string | undefined
  onToggle: (key: string) => void
}

/** Rows are the rows of a window. */
export const Rows = memo(function Rows({ window, ...props }: RowsProps) {
  const rows = []
  for (let row = window.first; row <= window.last; row++) rows.push(one(row, props))
  return rows
})

function one(number: number, { store, times, selected, current, pattern, stuck, onToggle }: Omit<RowsProps, 'window'>) {
  const row = store.row(number)
  if (!row) return null
  const step = store.step(row.key)
  if (!step) return null
  if (row.kind === 'note') {
    return (
      <div key={`${row.key} ${row.text}`} className="note">
        {row.text}
      </div>
    )
  }
  if (row.kind === 'head') {
    if (stuck === row.key) return <div key={row.key} className="step-head" />
    return <StepHead key={row.key} step={step} total={store.total(row.key)} open={store.isOpen(row.key)} onToggle={() => onToggle(row.key)} />
  }
  const { key, line, group } = row
  return (
    <LineRow
      key={`${key}:${row.number}`}
      step={keyOf(step)}
      number={row.number}
      line={line}
      stamp={stamp(line?.time, step.started, times)}
      group={group && (group !== 'unknown' && group.folded ? 'folded' : 'open')}
      inside={row.inside}
      selected={selected?.step === key && row.number >= selected.first && row.number <= selected.last}
      current={current?.step === key && current.number === row.number}
      pattern={pattern}
    />
  )
}
