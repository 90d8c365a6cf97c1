import { Link } from 'react-router'
import type { Delivery } from '../api/schema'
import { Ago } from '../ui/Ago'
import { pullPath, runsPath } from '../ui/links'

export function DeliveryFacts({ delivery: d }: { delivery: Delivery }) {
  return (
    <dl className="facts">
      {d.repo && (
        <Fact name="Repository">
          <Link to={runsPath({ connection: d.connection, repo: d.repo })}>{d.repo}</Link>
        </Fact>
      )}
      {d.repo && d.pull && (
        <Fact name="Pull request">
          <Link to={pullPath(d.connection, d.repo, d.pull)}>#{d.pull}</Link>
        </Fact>
      )}
      <Fact name="Connection">{d.connection}</Fact>
      {d.sender && <Fact name="Sender">{d.sender}</Fact>}
      <Fact name="Received">
        <Ago time={d.received} />
      </Fact>
      {d.finished && (
        <Fact name="Finished">
          <Ago time={d.finished} />
        </Fact>
      )}
      <Fact name="Attempts">{d.attempts}</Fact>
      {d.nextAttempt && (
        <Fact name="Next attempt">
          <time dateTime={d.nextAttempt}>{new Date(d.nextAttempt).toLocaleTimeString()}</time>
        </Fact>
      )}
      <Fact name="Id at the forge">
        <code>{d.id}</code>
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
