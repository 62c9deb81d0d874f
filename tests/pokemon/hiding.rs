//! Hiding many Pokémon.

use super::overrides::LIST;
use crate::workshop::Workshop;

/// The guard against data loss at the source does not apply to an administrator's changes.
#[tokio::test]
async fn hiding_most_pokemon_removes_all_of_them() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let hidden = [1, 2, 3, 4, 5, 6, 29, 133, 196, 201];
    for id in hidden {
        workshop.hide_quietly(id).await;
    }
    workshop.scheduled().await;
    for id in hidden {
        assert_eq!(house.get(&format!("{LIST}/{id}")).await.status, 404, "{id}");
    }
    assert_eq!(house.get(&format!("{LIST}?forms=all")).await.json()["pagination"]["total"], 5);
    for path in ["bulbasaur/evolutions", "eevee/evolutions"] {
        assert_eq!(house.get(&format!("{LIST}/{path}")).await.status, 404, "{path}");
    }
}
