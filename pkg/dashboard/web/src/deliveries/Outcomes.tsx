import type { Outcome } from '../api/schema'

/** Outcomes lists what plugins did, and where they failed. */
export function Outcomes({ outcomes }: { outcomes: Outcome[] }) {
  const told = outcomes.filter((o) => o.did.length > 0 || o.error)
  if (told.length === 0) return null
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
