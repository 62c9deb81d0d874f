//! A user's id.

crate::id::id!(
    /// The id by which other users know a user. Ids sort by creation time.
    UserId,
    NotAUserId,
    "a user id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_time() {
        let early = UserId::new(1_785_542_400_000, [255; 10]);
        let late = UserId::new(1_785_542_400_001, [0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(UserId::from_bytes(*early.as_bytes()), Ok(early));
    }

    #[test]
    fn an_id_has_one_spelling_except_for_case() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        for same in [id, &id.to_uppercase(), "01890a5d-AC96-774b-Bcce-b302099a8057"] {
            assert_eq!(same.parse::<UserId>().unwrap().to_string(), id, "{same}");
        }
        for other in [
            "",
            "25",
            &id.replace('-', ""),
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-474b-bcce-b302099a8057",
            "01890a5d-ac96-774b-fcce-b302099a8057",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(other.parse::<UserId>(), Err(NotAUserId), "{other}");
        }
    }
}
