import { useNow } from './now'
import { duration } from './time'

interface TookProps {
  from: string | null | undefined
  /** Without it the duration ticks. */
  to: string | null | undefined
}

/** Took shows a duration, or a dash for what has not begun. */
export function Took({ from, to }: TookProps) {
  const now = useNow(Boolean(from) && !to)
  if (!from) return <span className="quiet">–</span>
  const start = Date.parse(from)
  const ms = (to ? Date.parse(to) : Math.floor(now / 1000) * 1000) - start
  return <span className="num nowrap">{to ? duration(ms) : duration(Math.max(Math.floor(ms / 1000) * 1000, 1000))}</span>
}
