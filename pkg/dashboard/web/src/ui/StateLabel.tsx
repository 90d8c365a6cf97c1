import { kindOf, wordOf } from './state'
import { StateIcon } from './StateIcon'

/** StateLabel is a state as a sign and a word. */
export function StateLabel({ state, title }: { state: string; title?: string }) {
  return (
    <span className={`state is-${kindOf(state)}`} data-state={state} title={title}>
      <StateIcon state={state} silent />
      {wordOf(state)}
    </span>
  )
}
