//! Kettles: the gooseneck, its electric sisters, and the plain one for the stove.

use super::pen::{BLACK, WALNUT, digits, shadow, shine};

/// The gooseneck of the catalogue, standing.
pub fn gooseneck(material: &str, colour: &str, grip: &str) -> String {
    shadow(384.0, 214.0) + &gooseneck_bare(material, colour, grip)
}

/// The same without a shadow, for a hand that lifts it: a body of `material`, spout and handle of
/// the plain `colour`.
pub fn gooseneck_bare(material: &str, colour: &str, grip: &str) -> String {
    let shine = shine("M 262 342 L 222 560", 17.0);
    format!(
        r##"<path d="M 64 240 C 126 244 128 332 146 414 C 160 482 182 522 222 532" fill="none" stroke="{colour}" stroke-width="31" stroke-linecap="round"/>
        <path d="M 104 262 C 126 300 128 356 144 418 C 154 462 166 490 184 506" fill="none" stroke="#FFF" stroke-opacity=".16" stroke-width="6" stroke-linecap="round"/>
        <path d="M 520 328 C 606 316 670 344 664 424 C 658 494 620 534 560 542" fill="none" stroke="{colour}" stroke-width="32"/>
        <path d="M 653 374 C 668 420 660 470 628 506" fill="none" stroke="{grip}" stroke-width="39" stroke-linecap="round"/>
        <path d="M 262 306 H 508 Q 530 306 535 330 L 580 562 Q 586 603 546 603 H 222 Q 182 603 188 562 L 235 330 Q 240 306 262 306 Z" fill="url(#{material})"/>
        <path d="M 276 305 C 280 270 332 256 384 256 C 436 256 488 270 492 305 Z" fill="url(#{material})"/>
        <path d="M 266 307 H 504" stroke="#8D918A" stroke-opacity=".75" stroke-width="5" stroke-linecap="round"/>
        <rect x="362" y="232" width="44" height="27" rx="3" fill="#3B2718"/>
        <ellipse cx="384" cy="215" rx="38" ry="23" fill="{grip}"/>
        <path d="M 356 208 Q 366 199 380 198" fill="none" stroke="#FFF" stroke-opacity=".3" stroke-width="6" stroke-linecap="round"/>
        {shine}"##
    )
}

/// A gooseneck on its electric base; `degrees` stand on the base's display.
pub fn electric(material: &str, colour: &str, degrees: &str, has_dial: bool) -> String {
    let shadow = shadow(372.0, 232.0);
    let shine = shine("M 272 322 L 250 530", 15.0);
    let shown = digits(degrees, 296.0, 583.0, 15.0, "#F3B27A");
    let dial = if has_dial {
        r##"<circle cx="520" cy="591" r="11" fill="#A96F3D"/><path d="M 520 591 V 583" stroke="#3B2718" stroke-width="3"/>"##
    } else {
        r##"<circle cx="520" cy="591" r="5" fill="#F3B27A"/>"##
    };
    format!(
        r##"{shadow}
        <path d="M 76 226 C 138 228 144 312 162 398 C 174 462 198 500 236 508" fill="none" stroke="{colour}" stroke-width="28" stroke-linecap="round"/>
        <path d="M 118 250 C 138 288 144 340 160 402 C 168 440 178 466 198 484" fill="none" stroke="#FFF" stroke-opacity=".18" stroke-width="6" stroke-linecap="round"/>
        <path d="M 492 300 H 604 Q 642 300 636 338 L 614 486" fill="none" stroke="{BLACK}" stroke-width="34" stroke-linecap="round" stroke-linejoin="round"/>
        <path d="M 632 352 L 615 476" stroke="{WALNUT}" stroke-width="22" stroke-linecap="round"/>
        <path d="M 276 286 H 490 Q 510 286 513 306 L 543 534 Q 547 566 514 566 H 252 Q 219 566 223 534 L 253 306 Q 256 286 276 286 Z" fill="url(#{material})"/>
        <path d="M 286 286 C 290 256 338 246 383 246 C 428 246 476 256 480 286 Z" fill="url(#{material})"/>
        <path d="M 280 288 H 486" stroke="#6F736C" stroke-opacity=".6" stroke-width="5" stroke-linecap="round"/>
        <rect x="364" y="226" width="38" height="22" rx="3" fill="#3B2718"/>
        <ellipse cx="383" cy="212" rx="32" ry="19" fill="{WALNUT}"/>
        {shine}
        <rect x="206" y="560" width="354" height="16" rx="6" fill="#191C18"/>
        <rect x="150" y="572" width="466" height="36" rx="15" fill="url(#black-v)"/>
        <rect x="280" y="576" width="84" height="28" rx="5" fill="#12140F"/>
        {shown}{dial}"##
    )
}

/// The round one that whistles on the stove, its handle over the top.
pub fn stovetop(material: &str) -> String {
    let shadow = shadow(372.0, 206.0);
    let shine = shine("M 232 432 C 206 470 196 510 200 552", 17.0);
    format!(
        r##"{shadow}
        <path d="M 206 424 C 168 186 576 186 538 424" fill="none" stroke="{BLACK}" stroke-width="24"/>
        <path d="M 282 270 C 328 238 416 238 462 270" fill="none" stroke="{WALNUT}" stroke-width="38" stroke-linecap="round"/>
        <path d="M 292 262 C 330 240 380 236 410 244" fill="none" stroke="#FFF" stroke-opacity=".25" stroke-width="7" stroke-linecap="round"/>
        <path d="M 190 500 L 92 402 Q 80 388 96 378 L 122 364 Q 132 360 142 368 L 262 448 Z" fill="url(#{material})"/>
        <path d="M 88 392 L 130 364" stroke="#1B1E1A" stroke-opacity=".55" stroke-width="12" stroke-linecap="round"/>
        <path d="M 212 606 H 532 Q 578 606 584 560 C 594 440 500 366 372 366 C 244 366 150 440 160 560 Q 166 606 212 606 Z" fill="url(#{material})"/>
        <path d="M 284 374 C 290 344 330 334 372 334 C 414 334 454 344 460 374 C 430 384 314 384 284 374 Z" fill="url(#{material})"/>
        <path d="M 286 376 C 330 386 414 386 458 376" fill="none" stroke="#1B1E1A" stroke-opacity=".35" stroke-width="4"/>
        <rect x="357" y="314" width="30" height="22" rx="3" fill="#3B2718"/>
        <circle cx="372" cy="304" r="22" fill="{WALNUT}"/>
        <path d="M 174 572 C 240 588 504 588 570 572" fill="none" stroke="#1B1E1A" stroke-opacity=".18" stroke-width="5"/>
        {shine}"##
    )
}
