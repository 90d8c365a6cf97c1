import type { Delivery } from '../api/schema'
import { type Kind } from '../ui/state'

const kinds: Record<Delivery['phase'], Kind> = { Pending: 'waiting', Retrying: 'error', Processed: 'success', Dead: 'failure' }

/** Phase is where a delivery stands. */
export function Phase({ phase }: { phase: Delivery['phase'] }) {
  return <span className={`state is-${kinds[phase]}`}>{phase === 'Dead' ? 'dead letter' : phase.toLowerCase()}</span>
}
