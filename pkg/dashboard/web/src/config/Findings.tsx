import { Link } from 'react-router'
import type { Finding } from '../api/schema'
import { configPath } from '../ui/links'
import type { Kind } from '../ui/state'
import { placeOf } from './place'

interface FindingsProps {
  title: string
  kind: Kind
  findings: Finding[]
}

/** Findings lists mistakes with the lines that they stand on. */
export function Findings({ title, kind, findings }: FindingsProps) {
  if (findings.length === 0) return null
  return (
    <section className={`findings card is-${kind}`}>
      <h2>{title}</h2>
      <ul>
        {findings.map((f, i) => (
          <li key={i}>
            {f.place && <PlaceLink place={f.place} />}
            <span>{f.message}</span>
            {f.remedy && <span className="quiet">{f.remedy}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

function PlaceLink({ place }: { place: string }) {
  const { file, line } = placeOf(place)
  return (
    <Link to={configPath(file, line)}>
      <code>{place}</code>
    </Link>
  )
}
