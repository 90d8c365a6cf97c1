import type { Event } from '../api/schema'
import { Ago } from '../ui/Ago'

export function EventList({ events }: { events: Event[] }) {
  if (events.length === 0) return <p className="no-events quiet">No events are known. The cluster keeps them for about an hour.</p>
  return (
    <ul className="plain-list">
      {events.map((event, i) => (
        <li key={i} data-warning={event.type === 'Warning' || undefined}>
          <p className="row">
            <strong>{event.reason}</strong>
            <code className="quiet">{event.object}</code>
            {(event.count ?? 1) > 1 && <span className="tag">{event.count} times</span>}
            <span className="when quiet">
              <Ago time={event.last ?? event.first} />
            </span>
          </p>
          <p>{event.message}</p>
        </li>
      ))}
    </ul>
  )
}
