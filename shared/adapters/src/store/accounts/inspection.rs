//! The inspection of all stored accounts, as after a restore: counts, a checksum, and what breaks an invariant.
//!
//! A copy of a table, of another time or in another region, can contain a part of a transaction.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use domain::{Timestamp, accounts::UserId};

use super::{
    keys::{self, SHARDS},
    store::AccountStore,
    user::{standing_of, user_of},
};
use crate::store::{
    checksum::Checksum,
    error::StoreError,
    item::{Item, Reader, text},
    key::Key,
    meter::Meter,
};

/// The number of items that one call reads.
const TOGETHER: i32 = 1000;

/// The stored accounts at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The number of items of the table.
    pub items: u64,
    pub users: u64,
    pub favorites: u64,
    pub administrators: u64,
    /// The checksum of all items, in hexadecimal; tables with equal items have equal checksums.
    pub checksum: String,
    /// The time of the latest registration, change of a profile, or addition of a favorite.
    pub latest: Option<Timestamp>,
    /// The invariants that do not hold, in a fixed order.
    pub faults: Vec<Fault>,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An item cannot be read; the text names it and its attribute.
    Unreadable(String),
    /// An account has no password, or nothing that says what it may do.
    Incomplete(UserId),
    /// The user name or the address of an account, a partition key, belongs to another account.
    Taken(UserId, String),
    /// The user name or the address of an account, a partition key, is not claimed.
    Unclaimed(UserId, String),
    /// A claimed name, a partition key, is not a name of its account.
    Stale(UserId, String),
    /// Items are left of an account that has no profile, as of a part of a registration or of the end of a deletion.
    Remains(UserId),
    /// An account with favorites has no profile: it was in use.
    Headless(UserId),
    /// Only one of the two places that say so makes the account an administrator.
    Role(UserId),
    /// The deletion of an account has begun, and is not on the list from which it is continued.
    Forgotten(UserId),
    /// The counter of a shard of users.
    Users { shard: u8, counted: i64, actual: i64 },
    /// The counter of administrators.
    Administrators { counted: i64, actual: i64 },
}

impl Fault {
    /// Whether [`AccountStore::repair`] repairs it: it follows from other items, or nobody loses anything.
    #[must_use]
    pub const fn is_repairable(&self) -> bool {
        !matches!(self, Self::Unreadable(_) | Self::Incomplete(_) | Self::Taken(..) | Self::Headless(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => f.write_str(reason),
            Self::Incomplete(user) => write!(f, "user {user} has no password or no status"),
            Self::Taken(user, name) => write!(f, "{name} of user {user} belongs to another account"),
            Self::Unclaimed(user, name) => write!(f, "{name} of user {user} is not claimed"),
            Self::Stale(user, name) => write!(f, "user {user} owns {name} but has another name"),
            Self::Remains(user) => write!(f, "user {user} has items but no profile"),
            Self::Headless(user) => write!(f, "user {user} has favorites but no profile"),
            Self::Role(user) => write!(f, "profile and status of user {user} disagree about the role"),
            Self::Forgotten(user) => write!(f, "the deletion of user {user} would not be continued"),
            Self::Users { shard, counted, actual } => {
                write!(f, "the counter of shard {shard} says {counted} users, and it has {actual}")
            }
            Self::Administrators { counted, actual } => {
                write!(f, "the counter of administrators says {counted}, and there are {actual}")
            }
        }
    }
}

impl AccountStore {
    /// Reads the whole table and checks every account: one call for a thousand items or a megabyte.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn inspect(&self, meter: &Meter) -> Result<Inspection, StoreError> {
        let (mut facts, mut position) = (Facts::default(), None);
        loop {
            let (items, next) = self.database.page(meter, self.app(), position.as_ref(), TOGETHER).await?;
            items.iter().for_each(|item| facts.take(item));
            position = next;
            if position.is_none() {
                return Ok(facts.judge());
            }
        }
    }
}

/// The facts in a profile.
struct Profile {
    /// The keys of user name and address, and the role; `None` if the profile cannot be read.
    read: Option<([Key; 2], bool)>,
    is_counted: bool,
}

/// The facts about one account, whose items come in any order.
#[derive(Default)]
struct Account {
    profile: Option<Profile>,
    has_password: bool,
    /// The role, and whether the deletion has begun.
    status: Option<(bool, bool)>,
    has_favorites: bool,
    is_on_list: bool,
}

/// The facts about all accounts.
#[derive(Default)]
struct Facts {
    found: Inspection,
    checksum: Checksum,
    accounts: BTreeMap<UserId, Account>,
    /// The owner of each claimed name.
    claims: BTreeMap<String, UserId>,
    counted: BTreeMap<u8, i64>,
    administrators: i64,
}

impl Facts {
    fn take(&mut self, item: &Item) {
        self.found.items += 1;
        self.checksum.add(item);
        let part = |name: &str| text(item, name).unwrap_or_default().to_owned();
        let key = Key { pk: part("pk"), sk: part("sk") };
        if let Err(error) = self.read(&key, &Reader::of(&key, item)) {
            self.found.faults.push(Fault::Unreadable(error.to_string()));
        }
    }

    fn read(&mut self, key: &Key, item: &Reader<'_>) -> Result<(), StoreError> {
        if let Some(id) = key.pk.strip_prefix("USER#") {
            return self.read_account(id.parse().map_err(|_| item.wrong("pk"))?, &key.sk, item);
        }
        if key.pk == keys::DELETIONS {
            self.account(key.sk.parse().map_err(|_| item.wrong("sk"))?).is_on_list = true;
        } else if *key == keys::name(&key.pk) && item.has("user") {
            self.claims.insert(key.pk.clone(), item.parsed("user")?);
        } else if key.pk == keys::USERS {
            let shard = key.sk.strip_prefix(keys::COUNT).and_then(|shard| shard.parse().ok());
            self.counted.insert(shard.ok_or_else(|| item.wrong("sk"))?, item.parsed("user_count")?);
        } else if *key == keys::admins() {
            self.administrators = item.parsed("admins")?;
        }
        Ok(())
    }

    fn account(&mut self, id: UserId) -> &mut Account {
        self.accounts.entry(id).or_default()
    }

    fn read_account(&mut self, id: UserId, sk: &str, item: &Reader<'_>) -> Result<(), StoreError> {
        if sk == keys::profile(id).sk {
            let is_counted = item.has("gsi1pk");
            // The account exists, also if its profile cannot be read.
            self.account(id).profile = Some(Profile { read: None, is_counted });
            let user = user_of(id, item)?.user;
            self.found.latest = self.found.latest.max(Some(user.updated_at));
            let names = [keys::username(&user.username), keys::email(&user.email)];
            self.account(id).profile = Some(Profile { read: Some((names, user.is_admin)), is_counted });
        } else if sk == keys::password(id).sk {
            self.account(id).has_password = true;
            item.text("hash")?;
        } else if sk == keys::status(id).sk {
            let standing = standing_of(item)?;
            self.account(id).status = Some((standing.is_admin, standing.is_deleting));
        } else if sk.starts_with(keys::FAVORITE) {
            self.account(id).has_favorites = true;
            self.found.favorites += 1;
            self.found.latest = self.found.latest.max(Some(item.moment("created_at")?));
        }
        Ok(())
    }

    fn judge(mut self) -> Inspection {
        let mut faults = std::mem::take(&mut self.found.faults);
        let mut actual: BTreeMap<u8, i64> = (0..SHARDS).map(|shard| (shard, 0)).collect();
        let mut claimed: BTreeMap<UserId, BTreeSet<&str>> = BTreeMap::new();
        for (pk, owner) in &self.claims {
            claimed.entry(*owner).or_default().insert(pk);
            // The name of an account that does not exist keeps it from everybody else.
            let is_of_nobody = |account: &Account| account.profile.is_none() && !account.has_favorites;
            if self.accounts.get(owner).is_none_or(is_of_nobody) {
                faults.push(Fault::Stale(*owner, pk.clone()));
            }
        }
        for (id, account) in &self.accounts {
            let Some(profile) = &account.profile else {
                // The deletion of an account that is on the list goes on.
                let is_in_use = account.has_favorites && !account.is_on_list;
                faults.push(if is_in_use { Fault::Headless(*id) } else { Fault::Remains(*id) });
                continue;
            };
            self.found.users += 1;
            *actual.entry(keys::shard(*id)).or_default() += i64::from(profile.is_counted);
            if !account.has_password || account.status.is_none() {
                faults.push(Fault::Incomplete(*id));
            }
            let (is_admin, is_deleting) = account.status.unwrap_or_default();
            self.found.administrators += u64::from(is_admin);
            if is_deleting && !account.is_on_list {
                faults.push(Fault::Forgotten(*id));
            }
            let Some((names, is_admin_by_profile)) = &profile.read else { continue };
            let claimed = claimed.remove(id).unwrap_or_default();
            faults.extend(names.iter().flat_map(|name| self.name_faults(*id, name, &claimed)));
            // A deletion takes the role away in the status alone.
            if *is_admin_by_profile != is_admin && account.status.is_some() && !is_deleting {
                faults.push(Fault::Role(*id));
            }
        }
        for (shard, actual) in actual {
            let counted = self.counted.get(&shard).copied().unwrap_or_default();
            if counted != actual {
                faults.push(Fault::Users { shard, counted, actual });
            }
        }
        let administrators = i64::try_from(self.found.administrators).unwrap_or(i64::MAX);
        if self.administrators != administrators {
            faults.push(Fault::Administrators { counted: self.administrators, actual: administrators });
        }
        faults.sort();
        Inspection { faults, checksum: self.checksum.to_string(), ..self.found }
    }

    /// The faults of one name of an account, which has claimed the names `claimed`.
    fn name_faults(&self, id: UserId, name: &Key, claimed: &BTreeSet<&str>) -> Vec<Fault> {
        let kind = format!("{}#", name.sk);
        match self.claims.get(&name.pk) {
            Some(owner) if *owner == id => {
                let others = claimed.iter().filter(|pk| pk.starts_with(&kind) && **pk != name.pk);
                others.map(|pk| Fault::Stale(id, (*pk).to_owned())).collect()
            }
            Some(_) => vec![Fault::Taken(id, name.pk.clone())],
            None => vec![Fault::Unclaimed(id, name.pk.clone())],
        }
    }
}
