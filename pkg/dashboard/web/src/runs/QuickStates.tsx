import { Segments } from '../ui/Segments'

const choices = [
  { name: 'All', value: undefined },
  { name: 'Failed', value: 'failure,error' },
  { name: 'Running', value: 'pending' },
  { name: 'Queued', value: 'triggered,scheduling' },
]

/** QuickStates is what people filter by most. */
export function QuickStates({ state, onChange }: { state: string | undefined; onChange: (state: string | undefined) => void }) {
  return <Segments label="States" choices={choices} value={state} onChange={onChange} />
}
