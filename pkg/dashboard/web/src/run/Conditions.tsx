import type { Condition } from '../api/schema'
import { Ago } from '../ui/Ago'

export function Conditions({ conditions }: { conditions: Condition[] }) {
  if (conditions.length === 0) return null
  return (
    <>
      <h2 className="section-title">Conditions</h2>
      <ul className="card plain-list">
        {conditions.map((condition, i) => (
          <li key={`${condition.type} ${i}`}>
            <p className="row">
              <strong>{condition.type}</strong>
              <span className="tag">{condition.status}</span>
              <span>{condition.reason}</span>
              {condition.since && (
                <span className="when quiet">
                  <Ago time={condition.since} />
                </span>
              )}
            </p>
            <p className="quiet">{condition.message}</p>
          </li>
        ))}
      </ul>
    </>
  )
}
