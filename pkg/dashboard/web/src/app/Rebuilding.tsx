import { useSession } from '../api/session'

/** Rebuilding says that older runs are still being read from the store. */
export function Rebuilding() {
  const rebuilding = useSession().data?.rebuilding
  if (!rebuilding) return null
  return (
    <p className="banner" role="status">
      Older runs are being read from the store: {rebuilding.done.toLocaleString()} of {rebuilding.total.toLocaleString()}.
    </p>
  )
}
