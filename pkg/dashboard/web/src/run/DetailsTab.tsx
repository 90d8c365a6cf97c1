import { useQuery } from '@tanstack/react-query'
import { api, must } from '../api/client'
import type { RunDetail } from '../api/schema'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { Conditions } from './Conditions'
import './details.css'
import { EventList } from './EventList'
import { Facts } from './Facts'
import { Reports } from './Reports'
import { YAML } from './YAML'

/** DetailsTab is all else that is known of a run. */
export function DetailsTab({ run }: { run: RunDetail }) {
  const events = useQuery({
    queryKey: ['run', run.name, 'events'],
    queryFn: ({ signal }) => must(api.GET('/runs/{name}/events', { params: { path: { name: run.name } }, signal })),
  })
  const conditions = events.data?.conditions.length ? events.data.conditions : run.conditions
  return (
    <>
      <Facts run={run} />
      <Reports reports={run.reports} />
      <Conditions conditions={conditions} />
      <h2 className="section-title">Events</h2>
      <div className="card">
        {events.isPending && <Loading lines={3} />}
        {events.isError && !events.data && <Problem error={events.error} retry={() => void events.refetch()} />}
        {events.data && <EventList events={events.data.events} />}
      </div>
      <YAML run={run.name} />
    </>
  )
}
