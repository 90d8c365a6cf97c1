import { Td, Tr } from '@patternfly/react-table'
import { Link } from 'react-router'
import type { Delivery } from '../api/schema'
import { Ago } from '../ui/Ago'
import { DataTable } from '../ui/DataTable'
import { deliveryPath, pullPath, runsPath } from '../ui/links'
import { eventText } from './event'
import { Phase } from './Phase'
import { summary } from './summary'

const columns = [{ name: 'Phase' }, { name: 'Event' }, { name: 'Repository' }, { name: 'Sender' }, { name: 'What it caused' }, { name: 'Attempts' }, { name: 'Received' }]

export function DeliveriesTable({ deliveries }: { deliveries: Delivery[] }) {
  return (
    <DataTable label="Deliveries, newest first" columns={columns} className="deliveries-table">
      {deliveries.map((d) => (
        <Tr key={d.name}>
          <Td className="c-phase">
            <Phase phase={d.phase} />
          </Td>
          <Td className="c-event">
            <Link to={deliveryPath(d.name)} data-row>
              {eventText(d.event)}
            </Link>
          </Td>
          <Td>
            <Where delivery={d} />
          </Td>
          <Td className="c-sender">{d.sender}</Td>
          <Td className="c-what" title={summary(d)}>
            <span className={d.phase === 'Dead' || d.phase === 'Retrying' ? 'bad' : 'quiet'}>{summary(d)}</span>
          </Td>
          <Td className="c-tries num">{d.attempts}</Td>
          <Td className="quiet">
            <Ago time={d.received} />
          </Td>
        </Tr>
      ))}
    </DataTable>
  )
}

function Where({ delivery }: { delivery: Delivery }) {
  if (!delivery.repo) return <span className="quiet">{delivery.connection}</span>
  return (
    <>
      <Link to={runsPath({ connection: delivery.connection, repo: delivery.repo })}>{delivery.repo}</Link>{' '}
      {delivery.pull && <Link to={pullPath(delivery.connection, delivery.repo, delivery.pull)}>#{delivery.pull}</Link>}
    </>
  )
}
