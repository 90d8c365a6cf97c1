import { useRouteError } from 'react-router'
import { Problem } from '../ui/Problem'

/** Failure stands in for a page that broke, for example because a newer version of the application was deployed. */
export function Failure() {
  return <Problem level={1} error={useRouteError()} retry={() => location.reload()} />
}
