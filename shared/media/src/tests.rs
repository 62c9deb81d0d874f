//! Tests of every form.

use crate::fixtures::{all, artwork, sprite};
use domain::assets::Format;

use crate::{Form, Rejected, process};

#[test]
fn the_files_of_each_form_have_formats_and_sizes() {
    let files = |form, bytes: &[u8]| -> Vec<_> {
        let mut files = process(form, None, bytes).unwrap();
        files.retain(|file| file.format != Format::Avif);
        files.into_iter().map(|file| (file.format, file.size, file.dimensions)).collect()
    };
    assert_eq!(
        files(Form::Sprite, &sprite(40, 30)),
        [(Format::Png, None, Some((40, 30))), (Format::WebP, Some(40), Some((40, 30)))]
    );
    assert_eq!(
        files(Form::Artwork, &artwork(110, 70)),
        [(Format::WebP, Some(96), Some((96, 61))), (Format::WebP, Some(110), Some((110, 70)))]
    );
    let [.., (_, svg), (_, sound), _] = all();
    assert_eq!(files(Form::Vector, &svg), [(Format::Svg, None, None)]);
    assert_eq!(files(Form::Sound, &sound), [(Format::Ogg, None, None)]);
}

#[test]
fn a_file_beyond_the_limit_of_bytes_is_rejected() {
    for (form, limit) in [
        (Form::Sprite, 4 * 1024 * 1024),
        (Form::Artwork, 4 * 1024 * 1024),
        (Form::Vector, 512 * 1024),
        (Form::Sound, 1024 * 1024),
    ] {
        let error = Rejected::TooManyBytes { bytes: limit + 1, limit };
        assert_eq!(process(form, None, &vec![0; limit + 1]), Err(error), "{form:?}");
        assert!(matches!(process(form, None, &vec![0; limit]), Err(Rejected::Format { .. })), "{form:?}");
    }
}

#[test]
fn a_content_type_must_agree_with_the_bytes_of_every_form() {
    for (form, bytes) in all() {
        let media_type = form.source().media_type();
        assert!(process(form, Some(media_type), &bytes).is_ok(), "{form:?}");
        let error = Rejected::ContentType { declared: "text/html".to_owned(), found: media_type };
        assert_eq!(process(form, Some("text/html"), &bytes), Err(error), "{form:?}");
    }
}

#[test]
fn the_same_bytes_give_the_same_files() {
    for (form, bytes) in all() {
        let first = process(form, None, &bytes);
        let threads = [(); 2].map(|()| {
            let bytes = bytes.clone();
            std::thread::spawn(move || process(form, None, &bytes))
        });
        for thread in threads {
            assert_eq!(thread.join().unwrap(), first, "{form:?}");
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_rejected() {
    for (form, bytes) in all() {
        for length in 0..bytes.len() {
            assert!(process(form, None, &bytes[..length]).is_err(), "{form:?}, {length} bytes");
        }
    }
}

#[test]
fn damaged_bytes_do_not_cause_a_panic() {
    let mut random = fastrand::Rng::with_seed(25);
    for (form, bytes) in all() {
        for _ in 0..300 {
            let mut damaged = bytes.clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..damaged.len());
                damaged[place] = random.u8(..);
            }
            // A change may be harmless, so every result is correct.
            let _ = process(form, None, &damaged);
        }
    }
}

#[test]
fn a_processed_file_is_accepted_again_and_stays_the_same() {
    for (form, bytes) in all() {
        let files = process(form, None, &bytes).unwrap();
        if let Some(whole) = files.iter().find(|file| file.size.is_none()) {
            let again = process(form, Some(whole.format.media_type()), &whole.bytes).unwrap();
            assert_eq!(again, files, "{form:?}");
        }
    }
}

#[test]
fn extensions_and_media_types_belong_together() {
    for (format, extension, media_type) in [
        (Format::Png, "png", "image/png"),
        (Format::WebP, "webp", "image/webp"),
        (Format::Avif, "avif", "image/avif"),
        (Format::Svg, "svg", "image/svg+xml"),
        (Format::Ogg, "ogg", "audio/ogg"),
    ] {
        assert_eq!((format.extension(), format.media_type()), (extension, media_type));
    }
}
