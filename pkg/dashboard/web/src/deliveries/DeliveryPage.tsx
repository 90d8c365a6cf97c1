import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { api, must } from '../api/client'
import type { Delivery } from '../api/schema'
import { ActionButton } from '../ui/ActionButton'
import { Loading } from '../ui/Loading'
import { useNotify } from '../ui/notices'
import { PageHeader } from '../ui/PageHeader'
import { Problem } from '../ui/Problem'
import { useTitle } from '../ui/title'
import { Decisions } from './Decisions'
import './deliveries.css'
import { DeliveryFacts } from './DeliveryFacts'
import { eventText } from './event'
import { Outcomes } from './Outcomes'
import { Phase } from './Phase'

const over = (d: Delivery | undefined) => d?.phase === 'Processed' || d?.phase === 'Dead'

export function DeliveryPage() {
  const { name = '' } = useParams()
  const delivery = useQuery({
    queryKey: ['delivery', name],
    queryFn: ({ signal }) => must(api.GET('/deliveries/{name}', { params: { path: { name } }, signal })),
    refetchInterval: (query) => (over(query.state.data) ? false : 2_000),
  })
  const d = delivery.data
  useTitle(d ? `${eventText(d.event)} · ${d.repo ?? d.connection}` : 'Delivery')
  if (delivery.isPending) return <Loading />
  if (!d) return <Problem level={1} error={delivery.error} retry={() => void delivery.refetch()} />
  return (
    <>
      <PageHeader title={eventText(d.event)} actions={<Replay delivery={d} />}>
        <p className="row" role="status">
          <Phase phase={d.phase} />
          {d.message && <span className={d.phase === 'Processed' ? 'quiet' : 'message'}>{d.message}</span>}
        </p>
      </PageHeader>
      <DeliveryFacts delivery={d} />
      <h2 className="section-title">Jobs</h2>
      {d.jobs.length > 0 ? <Decisions jobs={d.jobs} /> : <p className="quiet">No job was considered.</p>}
      <h2 className="section-title">Plugins</h2>
      <Outcomes outcomes={d.outcomes} none={<p className="quiet">No plugin did anything.</p>} />
    </>
  )
}

function Replay({ delivery }: { delivery: Delivery }) {
  const client = useQueryClient()
  const notify = useNotify()
  const run = async () => {
    const done = await must(api.POST('/deliveries/{name}/replay', { params: { path: { name: delivery.name } } }))
    notify({ variant: 'success', title: done.message })
    await client.invalidateQueries({ queryKey: ['delivery', delivery.name] })
  }
  return (
    <ActionButton name="Replay" permission={delivery.replay} question="Replay this delivery?" run={run}>
      <p>It is worked on again as if the forge had sent it now. Comments and jobs that it caused before may appear again.</p>
    </ActionButton>
  )
}
