import type { ReactNode } from 'react'
import type { Outcome } from '../api/schema'

/** Outcomes lists what plugins did, and where they failed; or shows what is said of none. */
export function Outcomes({ outcomes, none }: { outcomes: Outcome[]; none?: ReactNode }) {
  const told = outcomes.filter((o) => o.did.length > 0 || o.error)
  if (told.length === 0) return none
  return (
    <ul className="outcomes">
      {told.map((o, i) => (
        <li key={`${o.plugin} ${i}`}>
          <span className="tag">{o.plugin}</span> {o.did.join(', ')}
          {o.error && <span className="bad">{o.error}</span>}
        </li>
      ))}
    </ul>
  )
}
