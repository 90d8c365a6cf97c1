import { useCoarseNow } from './now'
import { ago, moment } from './time'

/** Ago shows how long ago something was; the exact time is its title. */
export function Ago({ time }: { time: string | null | undefined }) {
  const now = useCoarseNow()
  if (!time) return <span className="quiet">–</span>
  const then = Date.parse(time)
  return (
    <time dateTime={time} title={moment(then)} className="nowrap">
      {ago(then, now)}
    </time>
  )
}
