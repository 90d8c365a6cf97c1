import type { StreamState } from '../api/events'

/** Live says that the list is not kept current; while it is, there is nothing to say. */
export function Live({ state }: { state: StreamState }) {
  return (
    <p className="live quiet" role="status">
      {state === 'waiting' && 'Live updates are interrupted; connecting again …'}
    </p>
  )
}
