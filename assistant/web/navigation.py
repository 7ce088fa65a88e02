"""The rooms of the admin pages, in one list: a page is in the menu by being here."""

from dataclasses import dataclass

from assistant.store.people import Person, Role

ADMINS = frozenset({Role.ADMIN})
EVERYBODY = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of the menu.

    Args:
        name: its text is `nav.NAME` in the catalogues.
        path: where it leads; it is the present one on this path and on those below it.
        roles: who sees it. The page itself checks the role again.
        exact: it is the present one on this very path only.
        counted: how much waits there is shown beside it (`/admin/waiting`, under `name`).
    """

    name: str
    path: str
    roles: frozenset[Role] = ADMINS
    exact: bool = False
    counted: bool = False

    def is_at(self, path: str) -> bool:
        return path == self.path or (not self.exact and path.startswith(f"{self.path}/"))


NAVIGATION = (
    Item(name="overview", path="/admin", exact=True),
    Item(name="knowledge", path="/admin/knowledge"),
    Item(name="websites", path="/admin/websites"),
    Item(name="gaps", path="/admin/gaps", counted=True),
    Item(name="answers", path="/admin/answers"),
    Item(name="findings", path="/admin/findings", counted=True),
    Item(name="people", path="/admin/people"),
    Item(name="audit", path="/admin/audit"),
)
ACCOUNT = "/admin/account"
SIGN_IN = "/login"


def menu_of(person: Person) -> tuple[Item, ...]:
    return tuple(item for item in NAVIGATION if person.role in item.roles)


def home_of(person: Person) -> str:
    """Return where a person starts: what they have to do first, else the first page that is theirs."""
    rooms = menu_of(person)
    return rooms[0].path if rooms and not person.one_time else ACCOUNT


def is_ours(path: str) -> bool:
    """Whether a path that came from outside leads to a page of ours, and nowhere else."""
    return path.startswith("/admin") and "//" not in path and "\\" not in path
