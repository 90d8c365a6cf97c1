import { base } from '../api/client'
import { useSession } from '../api/session'

export function Footer() {
  const version = useSession().data?.version
  return (
    <footer className="bottom row quiet">
      <span>Pharos {version}</span>
      <a href={`${base}/openapi.json`}>API</a>
    </footer>
  )
}
