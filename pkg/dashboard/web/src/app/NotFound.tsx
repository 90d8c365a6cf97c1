import { Link, useLocation } from 'react-router'
import { Empty } from '../ui/Empty'
import { useTitle } from '../ui/title'

export function NotFound() {
  useTitle('Not found')
  const { pathname } = useLocation()
  return (
    <Empty level={1} title="There is no such page" actions={<Link to="/">All runs</Link>}>
      Nothing is at <code>{pathname}</code>.
    </Empty>
  )
}
