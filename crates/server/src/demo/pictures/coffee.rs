//! Bags of coffee and the tin they are kept in.

use super::pen::{COFFEE_DARK, shadow};

/// What stands on a bag's label instead of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Bean,
    Cup,
    Sun,
    Mountain,
    Moon,
    Flower,
}

impl Mark {
    fn draw(self) -> &'static str {
        match self {
            Self::Bean => r##"<path d="M 348 436 C 362 416 378 436 396 414"/>"##,
            Self::Cup => {
                r##"<path d="M 350 414 H 388 V 430 Q 388 442 376 442 H 362 Q 350 442 350 430 Z M 388 418 q 12 0 10 8 q -2 6 -11 6"/>"##
            }
            Self::Sun => {
                r##"<circle cx="372" cy="426" r="9"/><path d="M 372 407 v 4 M 372 441 v 4 M 353 426 h 4 M 387 426 h 4 M 359 413 l 3 3 M 382 436 l 3 3 M 385 413 l -3 3 M 359 439 l 3 -3"/>"##
            }
            Self::Mountain => {
                r##"<path d="M 350 440 L 366 414 L 376 430 L 382 422 L 394 440 Z"/>"##
            }
            Self::Moon => {
                r##"<path d="M 380 408 A 18 18 0 1 0 390 436 A 22 22 0 0 1 380 408 Z"/>"##
            }
            Self::Flower => {
                r##"<circle cx="372" cy="426" r="5"/><path d="M 372 421 c -8 -14 8 -14 0 0 M 377 426 c 14 -8 14 8 0 0 M 372 431 c 8 14 -8 14 0 0 M 367 426 c -14 8 -14 -8 0 0"/>"##
            }
        }
    }
}

/// A bag of `material`, folded shut, with a label bearing `mark`.
pub fn bag(material: &str, mark: Mark) -> String {
    let shadow = shadow(372.0, 160.0);
    let mark = mark.draw();
    format!(
        r##"{shadow}
        <path d="M 236 216 H 508 L 532 578 Q 534 606 508 606 H 236 Q 210 606 212 578 Z" fill="url(#{material})"/>
        <path d="M 240 216 L 222 590 M 504 216 L 521 590" stroke="#000" stroke-opacity=".1" stroke-width="5"/>
        <path d="M 256 232 L 240 570" stroke="#FFF" stroke-opacity=".24" stroke-width="15" stroke-linecap="round"/>
        <path d="M 234 152 H 510 V 216 H 234 Z" fill="url(#{material})"/>
        <path d="M 234 152 H 510 V 216 H 234 Z" fill="#000" fill-opacity=".16"/>
        <path d="M 234 172 H 510 M 234 192 H 510" stroke="#000" stroke-opacity=".16" stroke-width="4"/>
        <rect x="282" y="350" width="180" height="184" rx="5" fill="#FBF5EA"/>
        <circle cx="372" cy="426" r="41" fill="none" stroke="#2F3A2D" stroke-width="6"/>
        <g fill="none" stroke="#2F3A2D" stroke-width="5" stroke-linecap="round" stroke-linejoin="round" transform="translate(372 426) scale(1.15) translate(-372 -426)">{mark}</g>
        <path d="M 314 492 H 430 M 330 514 H 414" stroke="#2F3A2D" stroke-width="7" stroke-linecap="round"/>"##
    )
}

/// The large bag, a kilogram, broader and with a wooden clip.
pub fn large_bag(material: &str, mark: Mark) -> String {
    let shadow = shadow(372.0, 206.0);
    let mark = mark.draw();
    format!(
        r##"{shadow}
        <path d="M 196 184 H 548 L 580 572 Q 583 606 550 606 H 194 Q 161 606 164 572 Z" fill="url(#{material})"/>
        <path d="M 202 190 L 178 590 M 542 190 L 566 590" stroke="#000" stroke-opacity=".1" stroke-width="5"/>
        <path d="M 218 206 L 196 566" stroke="#FFF" stroke-opacity=".24" stroke-width="17" stroke-linecap="round"/>
        <path d="M 204 98 H 540 L 548 184 H 196 Z" fill="url(#{material})"/>
        <path d="M 204 98 H 540 L 548 184 H 196 Z" fill="#000" fill-opacity=".16"/>
        <rect x="176" y="150" width="392" height="34" rx="14" fill="url(#oak)"/>
        <circle cx="548" cy="167" r="6" fill="#7A5A34"/>
        <rect x="256" y="292" width="232" height="234" rx="6" fill="#FBF5EA"/>
        <circle cx="372" cy="384" r="52" fill="none" stroke="#2F3A2D" stroke-width="7"/>
        <g fill="none" stroke="#2F3A2D" stroke-width="5" stroke-linecap="round" stroke-linejoin="round" transform="translate(372 384) scale(1.5) translate(-372 -426)">{mark}</g>
        <path d="M 298 470 H 446 M 318 496 H 426" stroke="#2F3A2D" stroke-width="8" stroke-linecap="round"/>"##
    )
}

/// The rare one: a small glass jar of beans with a cork.
pub fn jar() -> String {
    let shadow = shadow(372.0, 140.0);
    format!(
        r##"{shadow}
        <rect x="286" y="176" width="172" height="74" rx="13" fill="url(#oak)"/>
        <path d="M 300 196 h 30 M 360 214 h 40 M 410 194 h 24" stroke="#8E673A" stroke-opacity=".5" stroke-width="6" stroke-linecap="round"/>
        <path d="M 280 240 H 464 V 264 C 510 282 512 300 512 334 V 572 Q 512 606 478 606 H 266 Q 232 606 232 572 V 334 C 232 300 234 282 280 264 Z" fill="#FFF" fill-opacity=".46"/>
        <path d="M 240 330 q 18 -22 40 -4 q 16 -24 44 -2 q 20 -24 46 0 q 22 -22 46 0 q 24 -22 44 2 q 22 -18 44 4 V 572 Q 504 598 478 598 H 266 Q 240 598 240 572 Z" fill="{COFFEE_DARK}"/>
        <path d="M 258 352 q 16 -12 30 2 M 318 350 q 16 -12 30 2 M 400 352 q 16 -12 30 2 M 452 360 q 14 -10 26 2 M 262 566 q 14 -12 30 0 M 450 566 q 14 -12 30 0" fill="none" stroke="#8A583B" stroke-width="6" stroke-linecap="round"/>
        <path d="M 280 240 H 464 V 264 C 510 282 512 300 512 334 V 572 Q 512 606 478 606 H 266 Q 232 606 232 572 V 334 C 232 300 234 282 280 264 Z" fill="none" stroke="#FFF" stroke-opacity=".8" stroke-width="7"/>
        <rect x="284" y="392" width="176" height="142" rx="5" fill="#FBF5EA"/>
        <g fill="none" stroke="#773C5E" stroke-width="5" stroke-linecap="round" transform="translate(372 444) scale(1.5) translate(-372 -426)">{flower}</g>
        <path d="M 318 508 H 426" stroke="#773C5E" stroke-width="7" stroke-linecap="round"/>
        <path d="M 256 342 V 560" stroke="#FFF" stroke-opacity=".4" stroke-width="12" stroke-linecap="round"/>"##,
        flower = Mark::Flower.draw(),
    )
}

/// The tin that keeps half a kilogram from the air.
pub fn tin() -> String {
    let shadow = shadow(372.0, 148.0);
    format!(
        r##"{shadow}
        <path d="M 234 262 H 510 V 566 Q 510 606 470 606 H 274 Q 234 606 234 566 Z" fill="url(#green)"/>
        <ellipse cx="372" cy="262" rx="138" ry="24" fill="#273628"/>
        <path d="M 228 226 H 516 V 262 C 480 288 264 288 228 262 Z" fill="url(#walnut)"/>
        <ellipse cx="372" cy="226" rx="144" ry="27" fill="#B98250"/>
        <path d="M 282 222 C 320 212 420 212 458 224" fill="none" stroke="#8A5730" stroke-opacity=".5" stroke-width="4"/>
        <rect x="352" y="192" width="40" height="26" rx="4" fill="#3B2718"/>
        <ellipse cx="372" cy="186" rx="34" ry="18" fill="url(#walnut)"/>
        <circle cx="372" cy="432" r="58" fill="none" stroke="#E9DFC9" stroke-width="6"/>
        <g fill="none" stroke="#E9DFC9" stroke-width="5" stroke-linecap="round" transform="translate(372 432) scale(1.6) translate(-372 -426)">{bean}</g>
        <path d="M 264 312 V 560" stroke="#FFF" stroke-opacity=".2" stroke-width="16" stroke-linecap="round"/>"##,
        bean = Mark::Bean.draw(),
    )
}
