import { crumbsOf } from './artifacts'

/** Crumbs lead from the top to a folder. */
export function Crumbs({ prefix, onOpen }: { prefix: string; onOpen: (prefix: string) => void }) {
  const crumbs = [{ name: 'artifacts', prefix: '' }, ...crumbsOf(prefix)]
  return (
    <nav className="crumbs" aria-label="Folder">
      <ol>
        {crumbs.map((crumb, i) => (
          <li key={crumb.prefix}>
            {i === crumbs.length - 1 ? (
              <span aria-current="location">{crumb.name}</span>
            ) : (
              <button type="button" onClick={() => onOpen(crumb.prefix)}>
                {crumb.name}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}
