import { Link } from 'react-router'
import type { Delivery } from '../api/schema'
import { Ago } from '../ui/Ago'
import { Empty } from '../ui/Empty'
import { deliveryPath } from '../ui/links'
import './deliveries.css'
import { Decisions } from './Decisions'
import { eventText } from './event'
import { Outcomes } from './Outcomes'
import { Phase } from './Phase'

/** Timeline tells what each delivery caused, newest first. */
export function Timeline({ deliveries }: { deliveries: Delivery[] }) {
  if (deliveries.length === 0) return <Empty title="Nothing is kept of that">Deliveries are kept for some days only.</Empty>
  return (
    <ol className="timeline card">
      {deliveries.map((d) => (
        <li key={d.name}>
          <div className="row">
            <Link to={deliveryPath(d.name)}>{eventText(d.event)}</Link>
            {d.sender && <span className="quiet">by {d.sender}</span>}
            {d.phase !== 'Processed' && <Phase phase={d.phase} />}
            <span className="quiet when">
              <Ago time={d.received} />
            </span>
          </div>
          {d.message && <p className="message">{d.message}</p>}
          <Outcomes outcomes={d.outcomes} />
          <Decisions jobs={d.jobs} folded />
        </li>
      ))}
    </ol>
  )
}
