import type { Delivery } from '../api/schema'

/** summary is one line about what a delivery caused. */
export function summary(d: Delivery): string {
  if (d.message) return d.message
  const ran = d.jobs.filter((job) => job.run).map((job) => job.name)
  const did = d.outcomes.flatMap((o) => (o.error ? [`${o.plugin}: ${o.error}`] : o.did.map((what) => `${o.plugin}: ${what}`)))
  const all = [...(ran.length > 0 ? [`ran ${ran.join(', ')}`] : []), ...did]
  if (all.length > 0) return all.join('; ')
  return d.phase === 'Processed' ? 'nothing to do' : ''
}
